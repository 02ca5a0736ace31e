"""Workers' answers to one question, and what may be wrong with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from loadgen.hosts import clocks
from loadgen.hosts.clocks import OURS, Offset, Trip

NO_TRIP = Trip(0, 0, 0)


class LoaderError(Exception):
    """The loader can't do what it was told; its text says why."""

    lost = ""  # what is lost with it, where the loader can go on: a window, or workers with their clients
    who: Sequence[str] = ()  # which workers


class WindowLost(LoaderError):
    """Something came between. The clients are as they were."""

    lost = "window"


class WorkersLost(LoaderError):
    """Workers have gone, and their clients with them. The others go on."""

    lost = "workers"

    def __init__(self, why: str, who: Sequence[str]) -> None:
        super().__init__(why)
        self.who = who


@dataclass(frozen=True)
class Part:
    """One worker's answer; of workers that have a clock of their own also the trip of question and answer."""

    answer: dict[str, Any]
    name: str = ""
    is_elsewhere: bool = False
    clock: Offset = OURS
    trip: Trip = NO_TRIP


def sound(parts: list[Part]) -> list[Part]:
    """Answers without an error among them. Raises LoaderError."""
    for part in parts:
        if "error" in part.answer:
            raise LoaderError(f"{part.name}: " * part.is_elsewhere + part.answer["error"])
    return list(parts)


def raise_if_astray(parts: list[Part]) -> None:
    """Raises WindowLost where a worker's clock says what it can't say if nobody set it."""
    for part in parts:
        astray_ns = clocks.astray_ns(part.clock, part.trip) if part.is_elsewhere else 0
        if astray_ns:
            raise WindowLost(
                f"the clock of {part.name} jumped by {astray_ns / 1e9:+.3g} s or more: its host was suspended, or its "
                "clock is being set"
            )


def may_have_stood_still(parts: list[Part]) -> bool:
    """Whether some worker's answer came so late that its clock, and its host, may have stood still meanwhile."""
    return any(part.is_elsewhere and clocks.is_late(part.clock, part.trip) for part in parts)


def raise_if_late(parts: list[Part], start_ns: int, head_s: float) -> None:
    """Raises WindowLost where a worker elsewhere began after the head: what is counted was not all workers' then."""
    for part in parts:
        late_s = (part.clock.ours(part.answer["started_ns"]) - start_ns) / 1e9
        if part.is_elsewhere and late_s > head_s:
            raise WindowLost(f"{part.name} began {late_s * 1e3:.0f} ms late, after the head of {head_s * 1e3:g} ms")
