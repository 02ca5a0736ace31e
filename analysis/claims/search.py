"""Where one strategy passes another, searched for: an axis is refined once, where the sign is least known.

A trial measures a grid of values. Between the two of them within which a crossover lies it then measures others, in a
run of its own whose folder lies in that of the trial: blocks of another moment can't be joined with those of the grid.
"""

from collections.abc import Mapping, Sequence
from math import inf, log
from pathlib import Path

from analysis.claims.evidence import Evidence
from analysis.crossover import Crossover
from analysis.records.reading import Results, read

FOLDER = "search"  # in a trial's
VALUES = 5  # that are measured, both ends among them
CLOSE = 1.2  # ends no further apart are near enough


def values(rules: Sequence[Evidence]) -> list[int]:
    """The values between which these rules along one axis pass, to be measured next; none where that is known well."""
    spans = [span for rule in rules if (span := _span(rule))]
    if not spans:
        return []
    low, high = min(low for low, _ in spans), max(high for _, high in spans)
    steps = [low * (high / low) ** (step / (VALUES - 1)) for step in range(VALUES)]
    found = list(dict.fromkeys(round(float(f"{value:.2g}")) for value in steps))
    return found if len(found) > 2 else []


def _span(rule: Evidence) -> tuple[float, float] | None:
    """The two values of the grid between which the crossover's interval lies."""
    if not rule.crossover.is_told:
        return None
    grid = [value for value, _ in rule.curve]
    low = max((value for value in grid if value <= rule.crossover.low), default=grid[0])
    high = min((value for value in grid if value >= rule.crossover.high), default=grid[-1])
    return (low, high) if high / low > CLOSE else None


def searched(results: Results) -> Results | None:
    """The run that refined a trial's values; None where there is none."""
    folder: Path = results.folder / FOLDER / "latest"
    return read(folder) if (folder / "run.json").exists() else None


def better(grid: Crossover, refined: Crossover) -> Crossover:
    """The refined one, where it has both ends or the grid has no more of them."""
    if not refined.is_told:
        return grid
    return refined if _ends(refined) >= _ends(grid) and _width(refined) <= _width(grid) else grid


def _ends(at: Crossover) -> int:
    return (at.low > 0) + (at.high < inf)


def _width(at: Crossover) -> float:
    return log(at.high / at.low) if at.low > 0 and at.high < inf else inf


def refined(rules: Mapping[str, Sequence[Evidence]]) -> dict[str, dict[str, list[int]]]:
    """By the name of a claim and of an axis: the values to be measured next."""
    found: dict[str, dict[str, list[int]]] = {}
    for name, told in rules.items():
        axes = dict.fromkeys(rule.rule["axis"] for rule in told if rule.rule["kind"] == "along")
        for axis in axes:
            if new := values([rule for rule in told if rule.rule["kind"] == "along" and rule.rule["axis"] == axis]):
                found.setdefault(name, {})[axis] = new
    return found
