"""Replayed intervals are those that the analysis prints, and hold the truth as often as they say."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis import statistics
from analysis.records.reading import read
from analysis.stopping.precision import Precision
from benchmarks import coverage, replay
from tests.support.made_up import MadeUp, window


def recorded(folder: Path, blocks: int = 60, head: str = "head") -> Path:
    """A run of a strategy against itself; what a block does to both is larger than what tells them apart."""
    made = MadeUp(capacity={}, groups=()).write(folder)
    run = json.loads((made / "run.json").read_text()) | {"variants": {"base": {}, "head": {}}}
    (made / "run.json").write_text(json.dumps(run))
    random = np.random.default_rng(2)
    records = []
    for block in range(blocks):
        shared = random.normal(0, 0.1)
        for variant in ("base", head):
            rate = round(20_000 * float(np.exp(shared + random.normal(0, 0.02))))
            records.append(window("epoll", variant=variant, block=block, requests=rate))
    (folder / "windows.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


def only_pair(folder: Path) -> replay.Twins:
    (pair,) = replay.twins(read(folder))
    return pair


def test_twins_are_two_variants(tmp_path: Path) -> None:
    pair = only_pair(recorded(tmp_path / "pair", blocks=5))
    assert (pair.name, pair.where, pair.log_rates.shape) == ("epoll", "echo, 10 clients, 64 B", (5, 2))
    assert pair.log_ratios == pytest.approx(pair.log_rates[:, 0] - pair.log_rates[:, 1])  # of a single round
    assert list(replay.twins(read(recorded(tmp_path / "strangers", blocks=5, head="other")))) == []


def test_a_replayed_interval_is_that_of_the_analysis(tmp_path: Path) -> None:
    runs = replay.drawn(only_pair(recorded(tmp_path)), 20, 6, np.random.default_rng(1))
    ratios = runs[..., replay.RATIO]
    half = replay.half_widths(ratios)
    for run, logs, width in zip(np.exp(runs), ratios, half, strict=True):
        one, other = ({(block, 0): rate for block, rate in enumerate(run[:, name])} for name in (0, 1))
        printed = statistics.ratio(one, other)
        assert printed.value == pytest.approx(np.exp(logs.mean()))
        assert printed.low == pytest.approx(np.exp(logs.mean() - width))
        assert printed.high == pytest.approx(np.exp(logs.mean() + width))


def test_drawn_blocks_are_recorded_ones_either_way_round(tmp_path: Path) -> None:
    pair = only_pair(recorded(tmp_path, blocks=8))
    runs = replay.drawn(pair, 200, 5, np.random.default_rng(1)).reshape(-1, 3)
    rows = [(*rates, ratio) for rates, ratio in zip(pair.log_rates, pair.log_ratios, strict=True)]
    known = {*rows, *((head, base, -ratio) for base, head, ratio in rows)}
    assert {tuple(row) for row in runs} == known


def test_coverage_of_sound_intervals_is_95_per_cent(tmp_path: Path) -> None:
    pair = only_pair(recorded(tmp_path))
    found = replay.coverage(pair, 4000, 6, np.random.default_rng(1))
    assert 0.935 < found.share < 0.965
    assert 0.935 < replay.coverage(pair, 4000, 6, np.random.default_rng(1), replay.RATE).share < 0.965
    assert found.error == pytest.approx((found.share * (1 - found.share) / 4000) ** 0.5)


def test_an_interval_that_is_too_narrow_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = replay.half_widths
    monkeypatch.setattr(replay, "half_widths", lambda logs: 0.7 * narrow(logs))
    assert replay.coverage(only_pair(recorded(tmp_path)), 4000, 6, np.random.default_rng(1)).share < 0.9


def test_looks_are_those_of_the_rule() -> None:
    logs = np.random.default_rng(4).normal(10, 0.05, (3, 40))
    means, halves = coverage.looks(logs)
    rule = Precision(0.02)
    for run, mean, half in zip(logs, means, halves, strict=True):
        for blocks in (2, 10, 11, 40):
            so_far = run[:blocks].tolist()
            assert mean[blocks - 1] == pytest.approx(np.mean(so_far))
            assert np.sinh(half[blocks - 1]) == pytest.approx(rule.half_width(so_far))


def test_a_replay_of_the_rule_stops_where_the_rule_does(tmp_path: Path) -> None:
    pair = only_pair(recorded(tmp_path))
    rule = Precision(0.05)
    stopped = coverage.sequential(pair, rule, 300, 60, np.random.default_rng(1))
    by_hand = []
    for run in replay.drawn(pair, 300, 60, np.random.default_rng(1)):
        reached = (n for n in range(1, 61) if all(rule.reached(run[:n, name].tolist()) for name in (0, 1)))
        by_hand.append(next(reached, 60))
    assert stopped.blocks == np.median(by_hand)
    assert stopped.out_of_blocks == np.mean([n == 60 for n in by_hand])


@pytest.mark.parametrize("more", [[], ["--precision", "5%", "--budget", "30"]])
def test_the_command_prints_a_line_for_each_strategy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    assert coverage.main([str(recorded(tmp_path)), "--replays", "200", *more]) == 0
    text = capsys.readouterr().out
    assert "epoll (echo, 10 clients, 64 B): 60 blocks recorded, 200 replays" in text
    assert "coverage" in text
    assert ("stopped by the budget" in text) == bool(more)
    assert ("not looked" in text) == bool(more)


def test_a_run_without_twins_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert coverage.main([str(recorded(tmp_path, blocks=2, head="other"))]) == 1
    assert "gate --calibrate" in capsys.readouterr().err
