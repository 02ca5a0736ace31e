"""Which virtual clients there are in a process: Locust decides how many."""

NAMES_A_WORKER = 1_000_000
STEPS = (1, 2, 5)


class Places:
    """Those taken, by the name of who has it."""

    def __init__(self) -> None:
        self.names: dict[int, None] = {}
        self.worker = 0
        self._next_name = 0

    def __len__(self) -> int:
        return len(self.names)

    def join(self, worker: int) -> int:
        """A client comes; its name is unique over all workers."""
        self.worker = worker
        name = worker * NAMES_A_WORKER + self._next_name
        self._next_name = (self._next_name + 1) % NAMES_A_WORKER
        self.names[name] = None
        return name

    def leave(self, name: int) -> None:
        del self.names[name]


def crowds(largest: int) -> list[int]:
    """1, 2, 5, 10, 20, 50 and so on; the largest is the last."""
    powers = range(len(str(largest)))
    return [*(size for power in powers for step in STEPS if (size := step * 10**power) < largest), largest]
