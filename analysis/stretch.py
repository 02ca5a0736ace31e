"""How an axis of values is stretched: evenly, or by logarithms where they span much; from zero by those of 1 + x / c.

The page and the pictures draw alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, expm1, log, log1p
from typing import Any

import numpy as np

LOG_FROM = 4  # an axis whose values span more is logarithmic
BEFORE_FIRST = 10.0  # the least value above zero by c: zero then stands a decade before it


@dataclass(frozen=True)
class Stretch:
    """Of one axis."""

    kind: str  # linear, log, symlog
    constant: float = 1.0  # c

    def forward(self, value: float) -> float:
        """Where a value stands."""
        if self.kind == "log":
            return log(value)
        return log1p(max(value, -0.5 * self.constant) / self.constant) if self.kind == "symlog" else value

    def back(self, place: float) -> float:
        """What stands there."""
        if self.kind == "log":
            return exp(place)
        return self.constant * expm1(place) if self.kind == "symlog" else place

    def aside(self, value: float, share: float, span: tuple[float, float]) -> float:
        """A value moved by that share of what the axis has from end to end."""
        low, high = map(self.forward, span)
        return self.back(self.forward(value) + (high - low) * share)

    @property
    def functions(self) -> tuple[Any, Any]:
        """There and back, of arrays."""
        return np.vectorize(self.forward, otypes=[float]), np.vectorize(self.back, otypes=[float])


def stretch(values: Sequence[float], in_steps: bool = False) -> Stretch:
    """That of an axis with these values, rising; those that are steps are as far from each other."""
    above = [value for value in values if value > 0]
    if in_steps or not above or above[-1] / above[0] < LOG_FROM:
        return Stretch("linear")
    return Stretch("log") if values[0] > 0 else Stretch("symlog", above[0] / BEFORE_FIRST)
