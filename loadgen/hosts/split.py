"""How clients are split among workers: Locust's dispatcher, but by the CPUs that each worker can use.

Locust spreads users evenly. A worker is one process: it can use one CPU, and where a host has more workers than CPUs
they share these.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Split = dict[str, dict[str, int]]  # how many users of which class each worker is to have, as Locust tells them
Weigh = Callable[[Sequence[str]], list[float]]  # workers by their ids


def weights(hosts: Sequence[str], cpus: Sequence[int]) -> list[float]:
    """CPUs that each worker can use, one at most: its host's, given for each, shared by the workers there."""
    there = Counter(hosts)
    return [min(1.0, many / there[host]) for host, many in zip(hosts, cpus, strict=True)]


def split(clients: int, weights: Sequence[float]) -> list[int]:
    """So many clients by these weights, to the nearest; what is left over goes to the largest remainders."""
    exact = [clients * weight / sum(weights) for weight in weights]
    parts = [int(share) for share in exact]
    by_remainder = sorted(range(len(parts)), key=lambda place: parts[place] - exact[place])
    for place in by_remainder[: clients - sum(parts)]:
        parts[place] += 1
    return parts


class Dispatcher:
    """What Locust's master asks how many users each worker is to have: all in one go."""

    dispatch_in_progress = False  # none of it ever waits

    def __init__(self, weigh: Weigh, worker_nodes: Sequence[Any], user_classes: Sequence[type]) -> None:
        self._weigh = weigh
        self._nodes = list(worker_nodes)
        (user_class,) = user_classes
        self._name = user_class.__name__
        self._users = 0

    def new_dispatch(self, target_user_count: int, spawn_rate: float, user_classes: Any = None) -> None:
        """Clients are to be so many."""
        self._users = target_user_count

    def add_worker(self, worker_node: Any) -> None:
        """It gets its share from the next dispatch on."""
        self._nodes.append(worker_node)

    def remove_worker(self, worker_node: Any) -> None:
        """The others get its share from the next dispatch on."""
        self._nodes = [node for node in self._nodes if node.id != worker_node.id]

    def __iter__(self) -> Iterator[Mapping[str, Mapping[str, int]]]:
        ids = [node.id for node in self._nodes]
        parts = split(self._users, self._weigh(ids)) if ids else []
        yield {one: {self._name: part} for one, part in zip(ids, parts, strict=True)}
