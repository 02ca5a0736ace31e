"""All pairs of a group at once: what `analysis.statistics.ratio` says of each, as a group of forty has hundreds."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analysis.statistics import NAN, UNKNOWN, ByRound, Estimate, Name, ratio, t_quantile

Floats = NDArray[np.float64]


def ratios(strategies: Mapping[Name, ByRound]) -> dict[tuple[Name, Name], Estimate]:
    """The ratio of each to each that comes after it."""
    sound = {name: rounds for name, rounds in strategies.items() if all(0 < rate < np.inf for rate in rounds.values())}
    logs = log_ratios(sound) if sound else {}
    known: dict[tuple[Name, Name], Estimate] = {}
    for blocks in {len(blocks) for blocks in logs.values()}:
        alike_long = [pair for pair in logs if len(logs[pair]) == blocks]
        estimates = _geometric(np.array([logs[pair] for pair in alike_long]))
        known |= zip(alike_long, estimates, strict=True)
    return {
        (one, other): known.get((one, other)) or ratio(strategies[one], strategies[other])
        for one, other in combinations(strategies, 2)
    }


def _geometric(logs: Floats) -> list[Estimate]:
    """Of each row the geometric mean with its t interval, as `analysis.statistics.geometric` has it."""
    blocks = logs.shape[1]
    if not blocks:
        return [UNKNOWN] * len(logs)
    centres, halves = logs.mean(axis=1), np.full(len(logs), NAN)
    if blocks > 1:
        halves = t_quantile(blocks) * logs.std(axis=1, ddof=1) / blocks**0.5
    told = (np.exp(logs).tolist() for logs in (centres, centres - halves, centres + halves))
    return [Estimate(*values) for values in zip(*told, strict=True)]


def log_ratios(strategies: Mapping[Name, ByRound]) -> dict[tuple[Name, Name], Floats]:
    """The logarithms of `analysis.statistics.paired`, of rates above zero: a value a block that a pair has."""
    places = sorted(set().union(*strategies.values()))
    logs = np.log([[rounds.get(place, np.nan) for place in places] for rounds in strategies.values()])
    one, other = np.triu_indices(len(strategies), 1)
    ratios = logs[one] - logs[other]  # NaN in a round that only one of them has
    blocks = np.array([block for block, _ in places])
    parts = [blocks == block for block in dict.fromkeys(blocks.tolist())]
    medians, own = (np.stack([_medians(rows[:, part]) for part in parts], axis=1) for rows in (ratios, logs))
    medians = np.where(np.isnan(medians), own[one] - own[other], medians)  # of different waves
    known = list(medians) if np.isfinite(medians).all() else [row[row == row] for row in medians]
    return dict(zip(combinations(strategies, 2), known, strict=True))


def _medians(rows: Floats) -> Floats:
    """The median of each row without its NaNs; NaN of none."""
    ordered = np.sort(rows, axis=1)  # NaN comes last
    known = np.count_nonzero(ordered == ordered, axis=1)
    row = np.arange(len(ordered))
    return (
        ordered[row, np.maximum(known - 1, 0) // 2] + ordered[row, np.minimum(known // 2, ordered.shape[1] - 1)]
    ) / 2
