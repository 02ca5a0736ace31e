"""All pairs at once say what each pair says by itself."""

import numpy as np
import pytest

from analysis.pairs import ratios
from analysis.statistics import ByRound, ratio


def rounds(seed: int, blocks: range = range(5), of: int = 3) -> ByRound:
    random = np.random.default_rng(seed)
    return {(block, round_): float(random.lognormal(9, 0.2)) for block in blocks for round_ in range(of)}


SOUND = {f"s{seed}": rounds(seed) for seed in range(5)}
# a strategy that lacks blocks, one without a reply in a round, of a single block, of other blocks, and of none
ODD: dict[str, ByRound] = {
    "short": rounds(7, range(3)),
    "paused": rounds(8) | {(1, 1): 0.0},
    "silent": dict.fromkeys(rounds(9), 0.0),
    "one": rounds(10, range(1)),
    "later": rounds(11, range(5, 9)),
    "unknown": rounds(12) | {(2, 0): float("nan")},
    "none": {},
}


@pytest.mark.parametrize("strategies", [SOUND, SOUND | ODD, ODD, {"s0": SOUND["s0"]}, {}])
def test_the_ratios_of_all_pairs_are_those_of_each(strategies: dict[str, ByRound]) -> None:
    found = ratios(strategies)
    names = list(strategies)
    assert list(found) == [(one, other) for place, one in enumerate(names) for other in names[place + 1 :]]
    for (one, other), told in found.items():
        expected = tuple(ratio(strategies[one], strategies[other]))
        assert tuple(told) == pytest.approx(expected, rel=1e-12, nan_ok=True), (one, other)
