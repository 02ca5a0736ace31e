"""What is accounted around a window, with one `with`: what its server used, and what the loader can't know of it."""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness import machine
from harness.accounts import cpu_ticks, proctree
from harness.accounts.ledger import Ledger
from harness.accounts.proctree import Usage
from harness.processes.attached import Attached
from harness.processes.server import Server

# told so that windows can grow and knees be searched, and of a soak in a file of its own; a record has the histograms
FOR_STEERING = ("latency_p99_ns", "connect_p99_ns", "outlasting", "slices", "elsewhere_steal_s")


@dataclass
class Reading:
    """Of one window. Whoever runs it puts in `observed`; the rest is known when it has ended."""

    observed: dict[str, Any] = field(default_factory=dict)  # what the loader told
    started_at: float = 0.0  # Unix time
    used: Usage | None = None  # None: the server's processes aren't known
    network_round_trip_us: float | None = None  # to a server that isn't ours
    buffer_drops: int = 0  # datagrams that the server's receive buffer had no room for
    time_wait: int = 0  # sockets of the machine
    stolen_s: dict[str, float] = field(default_factory=dict)  # of a CPU of each side: its mean

    @property
    def record(self) -> dict[str, Any]:
        """All of it as windows.jsonl has it."""
        observed = {name: value for name, value in self.observed.items() if name not in FOR_STEERING}
        used, round_trip_us = self.used, self.network_round_trip_us
        is_their_way = round_trip_us is not None and not observed["elsewhere"]  # clients on other hosts have another
        between = {"network_round_trip_us": round_trip_us} if is_their_way else {}
        return (
            between
            | observed
            | {
                "started_at": self.started_at,
                "time_wait": self.time_wait,
                "buffer_drops": self.buffer_drops,
                "server_cpu_s": used and used.cpu_s,
                "server_minor_faults": used and used.minor_faults,
                "server_major_faults": used and used.major_faults,
                "server_processes": used and used.processes,
                **{f"{side}_steal_s": stolen_s for side, stolen_s in self._stolen_s.items()},
            }
        )

    @property
    def _stolen_s(self) -> dict[str, float]:
        """Of the loader the mean of its workers: the host of those that are here is ours, others tell theirs."""
        here = self.observed["workers"] - self.observed["elsewhere"]
        stolen_s = here * self.stolen_s["loader"] + self.observed["elsewhere_steal_s"]
        return self.stolen_s | {"loader": stolen_s / self.observed["workers"]}


@contextmanager
def window(server: Server, ledger: Ledger | None = None, loader_cpus: Collection[int] = ()) -> Iterator[Reading]:
    """Around a window of that server, which is in the `ledger` if one is kept. A window that fails isn't accounted.

    It is told what the host took of the server's CPUs, and of the loader's.
    """
    reading = Reading()
    sides = {"server": server.cpus, "loader": loader_cpus}
    ticks = {side: cpu_ticks.read(of) for side, of in sides.items()}
    if ledger:
        ledger.begin_window(server.key)
    dropped = server.buffer_drops()
    before = proctree.usage(server.pid)
    reading.started_at = time.time()
    yield reading
    reading.used = proctree.usage(server.pid) - before
    reading.buffer_drops = server.buffer_drops() - dropped
    if ledger:
        ledger.end_window(server.key, reading.observed["replies"])
    reading.stolen_s = {side: cpu_ticks.stolen_s(of, ticks[side]) for side, of in sides.items()}
    reading.time_wait = machine.time_wait()


@contextmanager
def beside(server: Attached, loader_cpus: Collection[int] = ()) -> Iterator[Reading]:
    """Around a window of a server that isn't ours: of it nothing is accounted but how far it is."""
    reading = Reading(network_round_trip_us=server.network_round_trip_us)
    ticks = cpu_ticks.read(loader_cpus)
    reading.started_at = time.time()
    yield reading
    reading.stolen_s = {"loader": cpu_ticks.stolen_s(loader_cpus, ticks)}
    reading.time_wait = machine.time_wait()
