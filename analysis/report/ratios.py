"""The ratio of any two strategies at a point, for whichever reference is chosen.

Each has its own interval, from the ratios within blocks: that of two cells' intervals would hold what the machine did
to both.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.judging.cells import by_round, rates_of
from analysis.pairs import ratios
from analysis.records.points import POINT, Row, is_attached
from analysis.records.reading import Results
from analysis.report.entries import Entry
from analysis.statistics import UNKNOWN, Estimate
from axes import ATTACHED

Pair = tuple[int, int]
TIMES = "\N{MULTIPLICATION SIGN}"


class Ratios:
    """Of a run's entries, by their numbers, at each of its points."""

    def __init__(self, results: Results, entries: Sequence[Entry]) -> None:
        numbers: dict[Any, int] = {(entry.strategy, entry.variant): entry.number for entry in entries}
        at: dict[tuple[Any, ...], dict[int, Any]] = {}
        for key, part in results.by_cell.items():
            at.setdefault((*key[2:], key[1] == ATTACHED), {})[numbers[key[:2]]] = by_round(part, rates_of(part))
        self._places = {point: place for place, point in enumerate(at)}
        self._found: list[dict[Pair, Estimate]] = [
            ratios({number: members[number] for number in sorted(members)}) for members in at.values()
        ]
        self.reference = _reference(results.run, entries)

    def point(self, cell: Row) -> int:
        """The number of a cell's point, another where servers are attached; -1 where nobody was measured."""
        return self._places.get((*(cell[name] for name in POINT), is_attached(cell)), -1)

    def of(self, point: int, one: int, other: int) -> Estimate:
        """The first's rate by the other's."""
        if point < 0:
            return UNKNOWN
        if one == other:
            return Estimate(1.0, 1.0, 1.0)
        found = self._found[point]
        if one < other:
            return found.get((one, other), UNKNOWN)
        value, low, high = found.get((other, one), UNKNOWN)
        return Estimate(1 / value, 1 / high, 1 / low) if value else UNKNOWN

    def to_reference(self, point: int, entry: int) -> dict[str, Any]:
        """A point of the chart of ratios, as the page makes it for another reference."""
        value, low, high = self.of(point, entry, self.reference)
        is_barred = low == low and entry != self.reference
        told = f"{low:.2f} to {high:.2f}" if is_barred else "none"
        may_be_one = is_barred and low <= 1 <= high
        return {"y": _drawn(value), "low": _drawn(low) if is_barred else None,
                "high": _drawn(high) if is_barred else None,
                "w": f"{TIMES} {value:.2f}" + " ~" * may_be_one, "b": told}  # fmt: skip

    def as_json(self) -> list[list[tuple[float | None, ...]]]:
        """At each point, the known pairs: (one, other, ratio, low, high), in digits enough to be rounded once more."""
        return [
            [(*pair, *(None if value != value else float(f"{value:.6g}") for value in found))
             for pair, found in pairs.items() if found.value == found.value]
            for pairs in self._found
        ]  # fmt: skip


def _drawn(value: float) -> float:
    """A ratio as charts have it: in four digits."""
    return float(f"{value:.4g}")


def _reference(run: Mapping[str, Any], entries: Sequence[Entry]) -> int:
    """The run's own; in a run of variants the first of them that is there."""
    usual = run.get("reference")
    alike = [entry.number for entry in entries if entry.strategy == usual]
    return alike[0] if alike else 0
