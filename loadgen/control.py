"""Locust in control: users are the virtual clients, messages between its nodes start windows."""

from time import perf_counter_ns as clock
from typing import Any

from loadgen import observation, shares
from loadgen.crew import Crew
from loadgen.hosts.workers import Workers
from loadgen.parts import (
    LoaderError,
    Part,
    WindowLost,
    WorkersLost,
    may_have_stood_still,
    raise_if_astray,
    raise_if_late,
)

LEAD_NS = 20_000_000  # for a window's start to reach all workers before its instant
BESIDE = ("number", "at_ns", "stolen_s")  # in an answer: its message, and its host
TIMES_UNCERTAIN = 10  # a window is to be longer than what its workers' clocks are uncertain by


class Control:
    """One client population; `open` it on servers, run windows, close."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._lead_ns = 0
        if isinstance(crew, Workers):
            self._lead_ns = LEAD_NS
            if not crew.elsewhere:
                crew.wait(lambda: crew.gathered(0.0), "its workers to connect")

    def gather(self, command: dict[str, Any]) -> dict[str, Any]:
        """Wait for those from other hosts, for `within_s` at most; who is there with which clock, how many are missing.

        `targets` are the hosts that they are going to ask: who must not ask these leaves.
        """
        crew = self._of_several()
        crew.master.targets(command["targets"])
        if crew.gathered(command["within_s"]):
            try:
                crew.compare_clocks()
            except WorkersLost as lost:
                crew.reopen(lost)
        ready = crew.master.ready
        weights = crew.master.weigh(list(ready))
        return {
            "workers": [guest.facts | {"share": weight / sum(weights)}
                        for guest, weight in zip(ready.values(), weights, strict=True)],
            "missing": crew.missing,
        }  # fmt: skip

    def round_trips(self, command: dict[str, Any]) -> dict[str, Any]:
        """What a small exchange takes between each worker and each target, a worker after the other."""
        found = []
        for part in self._of_several().ask_in_turn(command):
            found += [{"client_host": part.name, "target": target, **trips}
                      for target, trips in part.answer["round_trips"].items()]  # fmt: skip
        return {"round_trips": found}

    def open(self, command: dict[str, Any]) -> dict[str, Any]:
        """Bring the number of clients to `clients`, then connect each to every target."""
        if isinstance(self._crew, Workers):
            self._crew.compare_clocks()
        self._crew.populate(command["clients"])
        if "queue" in command:  # the workers' clients connect beside each other
            command = command | {"queue": max(1, command["queue"] // self._crew.size)}
        parts = [part.answer for part in self._crew.ask(command)]
        targets = {
            name: {
                "answered": sum(part["targets"][name]["answered"] for part in parts),
                "errors": _added([part["targets"][name]["errors"] for part in parts]),
            }
            for name in command["targets"]
        }
        return {"clients": [part["clients"] for part in parts], "targets": targets}

    def window(self, command: dict[str, Any]) -> dict[str, Any]:
        """One window of all workers, which begin at one instant. Raises WindowLost where they can't have."""
        crew, counted_s = self._crew, command["lengths"]["counted_s"]
        uncertain_ns = crew.uncertainty_ns if isinstance(crew, Workers) else 0
        if TIMES_UNCERTAIN * uncertain_ns > counted_s * 1e9:
            raise WindowLost(
                f"clocks are known within {uncertain_ns / 1e9:.3g} s, and a window of {counted_s:g} s isn't longer "
                f"than {TIMES_UNCERTAIN} times that"
            )
        command = command | {"clients": crew.runner.user_count}
        prepared = crew.ask(command | {"do": "prepare"})
        self._clocks_must_agree(prepared)
        start_ns = clock() + self._lead_ns + 4 * uncertain_ns  # twice the slowest way there and back
        told = crew.ask(command, lambda of: {"start_ns": of.theirs(start_ns)})
        self._clocks_must_agree(told)
        raise_if_late(told, start_ns, command["lengths"]["head_s"])
        seen = observation.merge([_on_our_clock(part) for part in told])
        replaced = sum(part.answer["replaced"] for part in prepared)
        return seen | _of_workers(told) | {"replaced": seen["replaced"] + replaced}

    def _clocks_must_agree(self, parts: list[Part]) -> None:
        """Raises WindowLost where a worker's clock jumped; it is known anew then, so that this costs one window.

        One that stood still says nothing impossible: where an answer is late, it is asked what time it is.
        """
        try:
            raise_if_astray(parts)
        except WindowLost:
            self._of_several().compare_clocks()
            raise
        if may_have_stood_still(parts):
            self._of_several().compare_clocks()

    def balance(self, command: dict[str, Any]) -> dict[str, Any]:
        """What each worker of a target gave the clients."""
        return shares.merge([part.answer for part in self._crew.ask(command)])

    def close(self) -> dict[str, Any]:
        """Close all connections."""
        self._crew.ask({"do": "close"})
        return {}

    def quit(self) -> None:
        """End the workers."""
        self._crew.quit()

    def news(self) -> list[str]:
        """What has to be said of workers and strangers since it was asked last."""
        if not isinstance(self._crew, Workers):
            return []
        told, self._crew.master.news = self._crew.master.news, []
        return told

    @property
    def left(self) -> int:
        """Workers that are there."""
        return self._crew.size

    def _of_several(self) -> Workers:
        if not isinstance(self._crew, Workers):
            raise LoaderError("there is one worker, in this process")
        return self._crew


def _on_our_clock(part: Part) -> dict[str, Any]:
    told = {name: value for name, value in part.answer.items() if name not in BESIDE}
    return told | {"started_ns": part.clock.ours(told["started_ns"])}


def _of_workers(parts: list[Part]) -> dict[str, Any]:
    """Who made the window, for whoever judges whether the load generator was what limited."""
    elsewhere = [part.answer for part in parts if part.is_elsewhere]
    return {
        "workers": len(parts),
        "elsewhere": len(elsewhere),
        "loaders": [part.name for part in parts if elsewhere],
        "elsewhere_cpu_s": sum(told["loader_cpu_s"] for told in elsewhere),
        "elsewhere_steal_s": sum(told["stolen_s"] for told in elsewhere),
        "busiest_share": max(part.answer["loader_cpu_s"] / part.answer["loader_wall_s"] for part in parts),
    }


def _added(counts: list[dict[str, int]]) -> dict[str, int]:
    return {kind: sum(count.get(kind, 0) for count in counts) for count in counts for kind in count}
