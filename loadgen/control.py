"""Locust in control: users are the virtual clients, messages between its nodes start windows."""

from time import perf_counter_ns as clock
from typing import Any

from loadgen import observation, shares
from loadgen.crew import Crew, LoaderError, Part, WindowLost
from loadgen.hosts import clocks
from loadgen.hosts.workers import Workers

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
            crew.compare_clocks()
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
        _raise_if_astray(prepared)
        start_ns = clock() + self._lead_ns + 4 * uncertain_ns  # twice the slowest way there and back
        told = crew.ask(command, lambda of: {"start_ns": of.theirs(start_ns)})
        _raise_if_astray(told)
        _raise_if_late(told, start_ns, command["lengths"]["head_s"])
        seen = observation.merge([_on_our_clock(part) for part in told])
        replaced = sum(part.answer["replaced"] for part in prepared)
        return seen | _of_workers(told) | {"replaced": seen["replaced"] + replaced}

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
        "elsewhere_cpu_s": sum(told["loader_cpu_s"] for told in elsewhere),
        "elsewhere_steal_s": sum(told["stolen_s"] for told in elsewhere),
        "busiest_share": max(part.answer["loader_cpu_s"] / part.answer["loader_wall_s"] for part in parts),
    }


def _raise_if_astray(parts: list[Part]) -> None:
    """Raises WindowLost where a worker's clock says what it can't say if nobody set it."""
    for part in parts:
        astray_ns = clocks.astray_ns(part.clock, part.trip) if part.is_elsewhere else 0
        if astray_ns:
            raise WindowLost(
                f"the clock of {part.name} jumped by {astray_ns / 1e9:+.3g} s or more: its host was suspended, or its "
                "clock is being set"
            )


def _raise_if_late(parts: list[Part], start_ns: int, head_s: float) -> None:
    """Raises WindowLost where a worker elsewhere began after the head: what is counted was not all workers' then."""
    for part in parts:
        late_s = (part.clock.ours(part.answer["started_ns"]) - start_ns) / 1e9
        if part.is_elsewhere and late_s > head_s:
            raise WindowLost(f"{part.name} began {late_s * 1e3:.0f} ms late, after the head of {head_s * 1e3:g} ms")


def _added(counts: list[dict[str, int]]) -> dict[str, int]:
    return {kind: sum(count.get(kind, 0) for count in counts) for count in counts for kind in count}
