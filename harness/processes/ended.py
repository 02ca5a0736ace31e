"""How a server ended: by itself or when it was asked to, and what it left."""

import signal
from dataclasses import dataclass


@dataclass(frozen=True)
class Ended:
    exit_code: int
    killed: bool  # it ignored SIGTERM
    leftovers: int  # processes of its session that outlived it and were killed
    was_asked: bool = True  # or it had ended before
    left: int = 0  # processes that even SIGKILL didn't end
    strays: int = 0  # processes that had left its session, outlived it and were killed
    left_alone: str = ""  # why processes that listen outlived the one that heard SIGTERM

    @property
    def problems(self) -> list[str]:
        """Where it broke the contract, a line each."""
        found = []
        if self.killed:
            found.append("ignored SIGTERM and was killed")
        elif self.exit_code not in (0, -signal.SIGTERM):  # foreign programs just die of it
            asked = f"ended with {self.exit_code} when asked to stop, not with 0"
            found.append(asked if self.was_asked else f"{how(self.exit_code)} before it was asked to stop")
        if self.left_alone:
            found.append(self.left_alone)
        elif self.leftovers:
            found.append(f"left {self.leftovers} process{'es' * (self.leftovers > 1)} behind, which were killed")
        if self.strays:
            which = "a process" if self.strays == 1 else f"{self.strays} processes"
            found.append(f"left {which} behind, outside of its session, and killed by us")
        if self.left:
            found.append(f"can't be killed: {self.left} process{'es' * (self.left > 1)} of it stay")
        return found


def how(code: int) -> str:
    """How a process ended, by its exit code."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"
