"""All pairs of a group at once: what `analysis.statistics.ratio` says of each, as a group of forty has hundreds."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analysis.statistics import NAN, ByRound, Estimate, Name, ratio, t_quantile

Floats = NDArray[np.float64]


def ratios(strategies: Mapping[Name, ByRound]) -> dict[tuple[Name, Name], Estimate]:
    """The ratio of each to each that comes after it."""
    sound = {
        name: rounds
        for name, rounds in strategies.items()
        if rounds and all(0 < rate < np.inf for rate in rounds.values())
    }
    pairs, logs = log_ratios(sound) if sound else ([], np.empty((0, 0)))
    known = dict(zip(pairs, _geometric(logs), strict=True))
    return {
        (one, other): known.get((one, other)) or ratio(strategies[one], strategies[other])
        for one, other in combinations(strategies, 2)
    }


def _geometric(logs: Floats) -> list[Estimate]:
    """Of each row the geometric mean with its t interval, as `analysis.statistics.geometric` has it."""
    blocks, centres, variances = moments(logs)
    quantiles = np.array([t_quantile(count) if count > 1 else NAN for count in blocks.tolist()])
    halves = quantiles * np.sqrt(variances / np.maximum(blocks, 1))
    told = np.exp([centres, centres - halves, centres + halves])
    return [Estimate(*values) for values in told.T.tolist()]


def moments(rows: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Of each row how many values it has, its mean and its variance; NaN is no value."""
    counts = np.count_nonzero(rows == rows, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.nansum(rows, axis=1) / counts
        return counts, means, np.nansum((rows - means[:, None]) ** 2, axis=1) / (counts - 1)


def log_ratios(strategies: Mapping[Name, ByRound]) -> tuple[list[tuple[Name, Name]], Floats]:
    """The pairs of these, and a row each: the logarithms of `analysis.statistics.paired`, of rates above zero.

    A value a block; NaN where the pair lacks it.
    """
    places = sorted(set().union(*strategies.values()))
    logs = np.log([[rounds.get(place, np.nan) for place in places] for rounds in strategies.values()])
    one, other = np.triu_indices(len(strategies), 1)
    ratios = logs[one] - logs[other]  # NaN in a round that only one of them has
    blocks = np.array([block for block, _ in places])
    parts = [blocks == block for block in dict.fromkeys(blocks.tolist())]
    medians, own = (np.stack([_medians(rows[:, part]) for part in parts], axis=1) for rows in (ratios, logs))
    medians = np.where(np.isnan(medians), own[one] - own[other], medians)  # of different waves
    return list(combinations(strategies, 2)), medians


def _medians(rows: Floats) -> Floats:
    """The median of each row without its NaNs; NaN of none."""
    ordered = np.sort(rows, axis=1)  # NaN comes last
    known = np.count_nonzero(ordered == ordered, axis=1)
    row = np.arange(len(ordered))
    return (
        ordered[row, np.maximum(known - 1, 0) // 2] + ordered[row, np.minimum(known // 2, ordered.shape[1] - 1)]
    ) / 2
