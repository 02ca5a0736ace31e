"""What a probe is given, and the rows that come of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.config import Config, Strategy
from harness.processes.watchdog import Watchdog


@dataclass(frozen=True)
class Row:
    """A line of probes.jsonl: a figure, or in its place the `failure` that says why there is none."""

    probe: str
    case: str  # what was tried; of one probe and strategy, each case has each figure once a block
    figure: str  # a claim names it PROBE.FIGURE
    value: float | None
    unit: str = ""
    strategy: str = ""  # empty: no strategy's, but the kernel's or of servers of the probe's own
    block: int = 0  # which time it was tried, from 0
    failure: str = ""

    @property
    def record(self) -> dict[str, Any]:
        """It as probes.jsonl has it."""
        return asdict(self)


@dataclass(frozen=True)
class Scene:
    """Where probes act. `strategies`, by label, are those that are asked; probes of the kernel ask none."""

    config: Config
    strategies: Mapping[str, Strategy]
    watchdog: Watchdog
    logs: Path
    server_cpus: list[int]
    blocks: int = 3  # how often what differs from time to time is tried


Finish = Callable[[], Iterator[Row]]
Begin = Callable[[Scene], Finish]


@dataclass(frozen=True)
class Probe:
    """One probe: `begin` starts what takes its time by itself; what it returns is called last, and gives the rows.

    Between the two something else may be measured.
    """

    about: str
    begin: Begin
    takes_s: float  # about, until its rows are there


def at_the_end(rows: Callable[[Scene], Iterator[Row]]) -> Begin:
    """For a probe that begins when its rows are asked for."""
    return lambda scene: lambda: rows(scene)
