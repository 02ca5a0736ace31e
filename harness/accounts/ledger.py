"""What a group's servers held and did, from before its clients came until after its last window."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from harness.accounts import cpu_ticks, footprint
from harness.accounts.cpu_ticks import Ticks
from harness.accounts.footprint import Activity, Memory
from harness.processes.server import Server


class Ledger:
    """The account of some servers, by their keys. Opened before the clients connect."""

    def __init__(self, servers: Collection[Server]) -> None:
        self._cpus = {server.key: server.cpus for server in servers}
        self._sessions = sessions = {server.key: server.pid for server in servers}
        self._idle = {name: footprint.memory(session) for name, session in sessions.items()}
        self._held: dict[str, Memory] = {}
        self._before: dict[str, Activity] = {}
        self._replies: Counter[str] = Counter()
        self._ticks = dict.fromkeys(sessions, Ticks())
        self._began = Ticks()

    def connected(self, names: Collection[str]) -> None:
        """All clients are there and at rest, with these servers: what is done counts from now on."""
        self._held = {name: footprint.memory(self._sessions[name]) for name in names}
        self._before = {name: footprint.activity(self._sessions[name]) for name in names}

    def begin_window(self, name: str) -> None:
        self._began = cpu_ticks.read(self._cpus[name])

    def end_window(self, name: str, replies: int) -> None:
        """What the CPUs did since it began, they did for this server."""
        self._replies[name] += replies
        self._ticks[name] += cpu_ticks.read(self._cpus[name]) - self._began

    def entry(self, name: str, connections_stay: bool) -> dict[str, Any] | None:
        """A server's account up to now, as a record has it; None for one that answered nothing."""
        if not self._replies[name]:
            return None
        did = footprint.activity(self._sessions[name]) - self._before[name]
        user_s, system_s = did.split(self._ticks[name]) or (None, None)
        idle, held = self._idle[name], self._held[name]
        # Where connections end nobody is connected at this moment, and shared pages must not count often.
        told = connections_stay and {idle.measure, held.measure} == {"pss"}
        return {
            "pss_idle_bytes": idle.pss_bytes if told else None,
            "pss_bytes": held.pss_bytes if told else None,
            "own_idle_bytes": idle.own_bytes if connections_stay else None,
            "own_bytes": held.own_bytes if connections_stay else None,
            "processes": held.processes,
            "threads": held.threads,
            "replies": self._replies[name],
            "user_s": user_s,
            "system_s": system_s,
            "voluntary_switches": did.voluntary_switches,
            "involuntary_switches": did.involuntary_switches,
        }
