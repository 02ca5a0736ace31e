"""Strategies that were measured in different waves of a block: they share no round, and are compared all the same."""

from collections.abc import Mapping

import numpy as np
import pytest

from analysis import pairs, ranking
from analysis.statistics import ByRound, paired

BLOCKS = 4


def waved(rates: Mapping[str, float], waves: Mapping[str, int]) -> dict[str, ByRound]:
    """Two rounds a wave; in the second wave of each block the machine is twice as fast. epoll is in both."""
    return {
        name: {
            (block, 2 * wave + round_): rate * (1 + wave) * (1 + round_) * (1 + block / 100)
            for block in range(BLOCKS)
            for wave in ([0, 1] if name == "epoll" else [waves[name]])
            for round_ in range(2)
        }
        for name, rate in rates.items()
    }


MADE = waved({"epoll": 1000, "one": 900, "two": 800}, {"one": 0, "two": 1})


def test_a_ratio_to_who_was_in_each_wave_is_between_neighbours() -> None:
    assert list(paired(MADE["one"], MADE["epoll"]).values()) == pytest.approx([0.9] * BLOCKS)
    assert list(paired(MADE["two"], MADE["epoll"]).values()) == pytest.approx([0.8] * BLOCKS)


def test_others_are_compared_by_the_medians_of_their_blocks() -> None:
    assert list(paired(MADE["two"], MADE["one"]).values()) == pytest.approx([1600 / 900] * BLOCKS)
    assert len(ranking.ranks(MADE)) == 3


def test_all_pairs_at_once_say_the_same() -> None:
    for (one, other), logs in zip(*pairs.log_ratios(MADE), strict=True):
        assert np.exp(logs) == pytest.approx(list(paired(MADE[one], MADE[other]).values()))


def test_who_has_no_figure_in_a_round_of_its_wave_has_none_in_the_block() -> None:
    lacking = {**MADE["two"], (1, 2): float("nan")}
    ratios = paired(lacking, MADE["one"])
    assert [block for block, ratio in ratios.items() if ratio != ratio] == [1]
