"""What probes found: each figure over its blocks, in a table's rows and in sentences."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from analysis import units
from analysis.records.points import as_rows
from analysis.records.reading import Results

TITLES = {
    "restart": "After a restart: when the port can be bound again",
    "backlog": "What listen(n) admits",
    "shared_state": "Shared state: whose updates are lost",
    "dribbler": "Beside a client that sends byte by byte",
    "anatomy": "What a request is made of",
}
TO = "\N{EN DASH}"


class Place(NamedTuple):
    """What was probed."""

    probe: str
    strategy: str  # empty: no strategy's
    case: str


@dataclass
class Found:
    """What a probe found at one place: by figure its values, a block each, and their unit; or why there are none."""

    values: dict[str, list[float]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    failure: str = ""

    @property
    def in_words(self) -> str:
        """All figures with their units, each unit once in a row; or why there are none."""
        parts, last = [], ""
        for figure, unit in self.units.items():
            said = self.said(figure)
            is_plain = unit in (figure, last) and unit != "s"
            parts.append(f"{figure.replace('_', ' ')} {said.removesuffix(f' {unit}') if is_plain else said}")
            last = unit
        return ", ".join(parts) or self.failure

    def said(self, figure: str) -> str:
        """A figure with its unit; of several blocks the least and the most, where they differ."""
        values, unit = self.values[figure], self.units[figure]
        if unit == "s":
            few, many = (units.duration(value * 1e6) for value in (min(values), max(values)))
            unit = ""
        else:
            few, many = (f"{value:,.4g}" for value in (min(values), max(values)))
        return f"{few if few == many else f'{few} {TO} {many}'} {unit}".strip()


def found(results: Results) -> dict[Place, Found]:
    """By place, in the order in which they were probed."""
    told: dict[Place, Found] = {}
    for row in as_rows(results.probes):
        one = told.setdefault(Place(row["probe"], row["strategy"], row["case"]), Found())
        if row["failure"]:
            one.failure = row["failure"]
        if row["value"] == row["value"]:
            one.values.setdefault(row["figure"], []).append(float(row["value"]))
            one.units[row["figure"]] = row["unit"]
    return told


def sentences(told: dict[Place, Found]) -> Iterator[str]:
    """What is worth a finding: whose updates are lost, how long a port was refused, how many a queue admitted."""
    for place, one in told.items():
        match place.probe:
            case "shared_state" if max(one.values.get("lost", [0])) > 0:
                asked = f"of {one.said('asked')}" if "asked" in one.values else "of all"
                if min(one.values.get("alone", [0])) > 0:
                    yield f"Shared state: {place.case} share none; each counts alone ({asked} in all)."
                else:
                    yield f"Shared state: {place.case} lose {one.said('lost').removesuffix(' updates')} {asked}."
            case "dribbler" if max(one.values.get("held_up", [0])) > 0:
                yield (
                    f"Dribbler: {place.strategy} lets {one.said('held_up').removesuffix(' clients')} of "
                    f"{one.said('asked')} wait for one that sends a byte every 10 ms."
                )
            case "restart" if max(one.values.get("refused", [0])) > 0:
                yield (
                    f"Restart: the port that {place.strategy} left in TIME_WAIT could be bound {place.case} "
                    f"SO_REUSEADDR after {one.said('seconds')}."
                )
            case "backlog" if "established" in one.values:
                again = f"; a SYN was sent again after {one.said('resent')}" if "resent" in one.values else ""
                yield (
                    f"Backlog: {place.case} admitted {one.said('established').split()[0]} of {one.said('asked')}"
                    f"{again}."
                )
