"""Replays of equals: a reduced count of those that benchmarks/equals.py makes in full, and that they see a fault."""

from pathlib import Path

import numpy as np
import pytest

from analysis.interleaved import Bar
from analysis.records.reading import Results, read
from benchmarks import equals
from benchmarks.equals import Left, MadeUpNoise, bars_apart, left, orders_shown, ratios_held
from tests.support.recorded import recorded


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return read(recorded(tmp_path_factory.mktemp("noisy-hour")))


@pytest.fixture(scope="module")
def one_client(results: Results) -> Left:
    return next(left(results))


def test_what_is_left_has_neither_rate_nor_movement(results: Results) -> None:
    groups = list(left(results))
    assert [group.noise.shape for group in groups] == [(14, 6)] * 6
    for group in groups:
        assert np.abs(group.noise.mean(axis=0)).max() < 1e-12
        assert np.abs(group.noise.mean(axis=1)).max() < 1e-12


def test_bars_of_equals_are_rarely_apart(one_client: Left) -> None:
    random = np.random.default_rng(1)
    for noise in (one_client.drawn, one_client.together, one_client.normal, MadeUpNoise(6, True).drawn):
        assert bars_apart(noise, 6, 400, random) < 0.09  # 7 % and two standard errors


def test_a_ratio_of_equals_holds_1_while_all_move_by_half(one_client: Left) -> None:
    assert ratios_held(one_client.normal, 6, 800, np.random.default_rng(1)) > 0.925


def test_hardly_any_order_of_equals_is_shown(one_client: Left) -> None:
    assert orders_shown(one_client.normal, 6, 400, np.random.default_rng(1)) < 0.08


def test_bars_that_are_too_narrow_are_seen(one_client: Left, monkeypatch: pytest.MonkeyPatch) -> None:
    found = equals.interleaved

    def narrow(members: dict[int, dict[int, float]]) -> object:
        group = found(members)
        return group._replace(bars={name: Bar(bar.spread, bar.half / 2) for name, bar in group.bars.items()})

    monkeypatch.setattr(equals, "interleaved", narrow)
    assert bars_apart(one_client.normal, 6, 400, np.random.default_rng(1)) > 0.15


def test_every_case_is_counted(results: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert equals.main([str(results.folder), "--replays", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 6 * 3 * 6 + 3 * 4 * 2 * 2
    assert equals.main([str(tmp_path)]) == 2
