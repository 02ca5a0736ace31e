"""Bars for comparing, on made-up numbers: what all of a group share is no part of them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import t as student

from analysis.interleaved import interleaved

LOGS = np.array([[0.02, -0.01, 0.03, 0.00], [-0.02, 0.04, 0.01, 0.05], [0.01, 0.00, -0.06, 0.02]])
MOVEMENT = np.array([-0.7, 0.2, 0.4, 0.1])


def members(logs: NDArray[np.float64]) -> dict[int, dict[int, float]]:
    return {name: dict(enumerate(np.exp(10 + own))) for name, own in enumerate(logs)}


def test_a_bar_by_hand() -> None:
    found = interleaved(members(LOGS + MOVEMENT))
    left = LOGS - LOGS.mean(axis=0)
    for name in range(3):
        spread = left[name].std(ddof=1) * (3 / 2) ** 0.5
        assert found.bars[name].spread == pytest.approx(spread)
        assert found.bars[name].half == pytest.approx(student.ppf(0.975, 3) * spread / (2 * 4) ** 0.5)
    value, low, high = found.bars[0].around(100.0)
    assert (high / value, value / low) == pytest.approx((np.exp(found.bars[0].half),) * 2)


def test_what_moves_all_moves_no_bar_and_is_told() -> None:
    still, moved = interleaved(members(LOGS + MOVEMENT)), interleaved(members(LOGS - 3 * MOVEMENT))
    for name in range(3):
        assert moved.bars[name] == pytest.approx(still.bars[name])
    moved = interleaved(members(LOGS + MOVEMENT))
    common = LOGS.mean(axis=0) + MOVEMENT
    assert list(moved.movement.values()) == pytest.approx(common - common.mean())


def test_of_two_the_bars_are_alike() -> None:
    """Of their difference alone is anything known: half of the interval of a ratio is a bar's twofold."""
    found = interleaved(members(LOGS[:2]))
    difference = LOGS[0] - LOGS[1]
    half = student.ppf(0.975, 3) * difference.std(ddof=1) / 4**0.5
    assert [found.bars[name].half for name in (0, 1)] == pytest.approx([half / 2] * 2)


def test_who_stands_still_is_not_blamed_for_its_neighbour() -> None:
    wild = np.array([-0.8, 0.5, 0.7, -0.4])
    bars = interleaved(members(np.array([0.01 * MOVEMENT, wild]))).bars
    assert bars[0].spread == pytest.approx((0.01 * MOVEMENT).std(ddof=1))
    assert bars[1].spread > 0.4
    assert bars[0].half == pytest.approx(bars[1].half)  # of their difference no more is known


def test_alone_there_is_nothing_to_take_out() -> None:
    found = interleaved(members(LOGS[:1] + MOVEMENT))
    assert found.movement == {}
    assert found.bars[0].spread == pytest.approx((LOGS[0] + MOVEMENT).std(ddof=1))
    assert np.isnan(found.bars[0].half)
    assert np.isnan(found.bars[0].around(5.0).low)


def test_who_lacks_a_block_has_no_bar_and_moves_nobody() -> None:
    """The block that it lacks may be the bad one: its figure is of another machine than the others'."""
    group = members(LOGS + MOVEMENT)
    del group[2][0]
    found, without = interleaved(group), interleaved({name: group[name] for name in (0, 1)})
    assert np.isnan(found.bars[2].half)
    assert {name: found.bars[name] for name in (0, 1)} == without.bars
    assert found.movement == without.movement
    left = [LOGS[2][at] - LOGS[:2, at].mean() for at in (1, 2, 3)]
    assert found.bars[2].spread == pytest.approx(np.std(left, ddof=1))


@pytest.mark.parametrize("block", [{0: 0.0, 1: 1.0, 2: 1.0, 3: 1.0}, {}])
def test_who_answered_nothing_in_a_block_takes_no_part(block: dict[int, float]) -> None:
    found = interleaved(members(LOGS) | {9: block})
    assert found == interleaved(members(LOGS))


def test_a_single_block_and_nobody_tell_nothing() -> None:
    found = interleaved(members(LOGS[:, :1]))
    assert found.movement == {}
    assert all(np.isnan(bar.spread) and np.isnan(bar.half) for bar in found.bars.values())
    assert interleaved({}).bars == {}


@pytest.mark.parametrize("strategies", [2, 3, 14])
@pytest.mark.parametrize("blocks", [4, 6, 12])
def test_bars_of_equals_are_apart_in_hardly_one_of_twenty_pairs(strategies: int, blocks: int) -> None:
    """Of unequal noise, and a machine that moves all by a half."""
    random = np.random.default_rng(6)
    apart = []
    for _ in range(400):
        logs = random.normal(0, random.uniform(0.02, 0.3, (strategies, 1)), (strategies, blocks))
        moved = logs + random.normal(0, 0.5, blocks)
        bars = interleaved(members(moved)).bars
        for one, other in ((0, 1), (strategies - 2, strategies - 1)):
            apart.append(abs(logs[one].mean() - logs[other].mean()) > bars[one].half + bars[other].half)
    assert np.mean(apart) < 0.07
