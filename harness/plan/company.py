"""Who else is at a group's servers, as a plan knows it: on which CPUs, with how many files, for how long."""

from collections.abc import Collection, Iterable
from itertools import chain

import axes
from harness import machine
from harness.plan.group import Entry

COME_S = 0.0003  # one of them, and goes, with what proves that the server took note
AGAIN_S = 1.0  # a burst beyond a queue ends when the kernel has sent again what found no room


def cpus(servers_cpus: Collection[Collection[int]], loader_cpus: list[int]) -> list[int]:
    """Those that nobody else here uses; where there are none, the loader's."""
    taken = {*chain(*servers_cpus), *loader_cpus}
    return [cpu for cpu in machine.cpus() if cpu not in taken] or loader_cpus


def files(entries: Iterable[Entry]) -> int:
    """Of a server, for its clients and its company, at most."""
    return max(int(entry.values["clients"]) + axes.company_of(entry.values)[1] for entry in entries)


def coming_s(entries: Iterable[Entry]) -> float:
    """Expected for all of them to come."""
    return COME_S * sum(axes.company_of(entry.values)[1] for entry in entries)


def waiting_s(entry: Entry, backlog: int) -> float:
    """Expected after a window, until those who came in it have a reply."""
    kind, size = axes.company_of(entry.values)
    return AGAIN_S if kind == "burst" and size > backlog else 0.0
