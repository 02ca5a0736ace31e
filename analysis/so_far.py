"""What a run that goes on has found so far, for whoever watches it."""

from collections.abc import Container, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from analysis.statistics import UNKNOWN, ByRound, by_block, geometric, ratio
from analysis.stopping.rates import Rates
from axes import AXES


class Figure(NamedTuple):
    """Of one cell; None where nothing is known yet, or can't be."""

    name: str
    rate_rps: float | None
    ratio: float | None  # of its rate to the reference's, as in the table at the end
    low: float | None  # its 95 % interval
    high: float | None


class SoFar:
    """Reads on whenever it is asked."""

    def __init__(
        self,
        windows: Path,
        reference: str,
        first_variant: str = "",
        usual: Mapping[str, Any] | None = None,
        attached: Sequence[str] = (),
    ) -> None:
        """`windows` is the windows.jsonl of the run; variants are held against the first of their strategy.

        Along an axis a strategy is held against itself at the usual value, or at the least. Those that are `attached`,
        in their order, are held against the first of them.
        """
        self._attached = attached
        self._usual = usual or {}
        self._rates = Rates(windows)
        self._reference = reference
        self._first_variant = first_variant

    def of(self, group: int) -> list[Figure]:
        """Each cell of the group that has a window, by name. `group` is its place in the plan."""
        self._rates.read_on()
        rounds = self._rates.rounds(group)
        along = self._first_along(group)
        return [self._figure(name, rounds, along.get(name) or self._other(name, rounds)) for name in sorted(rounds)]

    def _other(self, name: str, there: Container[str]) -> str:
        if name in self._attached:
            return next(first for first in self._attached if first in there)
        return f"{name.partition('@')[0]}@{self._first_variant}" if "@" in name else self._reference

    def _first_along(self, group: int) -> dict[str, str]:
        """For each cell of a group that compares along an axis, the one that it is held against."""
        told = self._rates.along(group)
        names = {(who, value): name for name, (who, _, value) in told.items()}
        values = {value for _, value in names}
        return {
            name: names.get((who, AXES[axis].first(values, self._usual.get(axis))), "")
            for name, (who, axis, _) in told.items()
        }

    def _figure(self, name: str, rounds: Mapping[str, ByRound], other: str) -> Figure:
        rate = geometric(list(by_block(rounds[name]).values())).value
        estimate = ratio(rounds[name], rounds[other]) if other in rounds else UNKNOWN
        told = [value if isfinite(value) else None for value in (rate, *estimate)]
        return Figure(name, *told)
