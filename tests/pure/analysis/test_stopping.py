"""Every rule for stopping, asked as a run asks it, of recorded or made-up rows; nothing is started."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import statistics
from analysis.stopping import gate, precision
from analysis.stopping.answer import Answer, Cell
from analysis.stopping.budget import UntilUsedUp
from analysis.stopping.fixed import FixedBlocks
from analysis.stopping.gate import UntilDecided
from analysis.stopping.precision import Precision, UntilPrecise
from benchmarks import coverage, replay
from tests.support.made_up import MadeUpGate, failure, perturbed, window

ROUNDS = 2
ROUGH, FINE = [1000, 1500], [1000, 1001]  # rates of a cell, block by block


class Replay:
    """A folder that fills up block by block, as a run's does, until a rule calls it enough."""

    def __init__(self, folder: Path, rows: Sequence[dict[str, Any]]) -> None:
        self.folder = folder
        self.answers: list[Answer] = []
        self._rows = rows
        (folder / "windows.jsonl").write_text("")

    def ask(self, rule: Any, seconds: float = 1.0, most: int = 100) -> list[Answer]:
        """What it says after each block that took so long; a settled cell gets no more rows."""
        settled: frozenset[Cell] = frozenset()
        for block in range(most):
            rows = [row for row in self._rows if row["block"] == block]
            with open(self.folder / "windows.jsonl", "a") as lines:
                lines.writelines(json.dumps(row) + "\n" for row in rows
                                 if (row["group"], row["strategy"]) not in settled)  # fmt: skip
            self.answers.append(rule.after([(ROUNDS, seconds)] * (block + 1)))
            settled |= self.answers[-1].settled
            if self.answers[-1].is_enough:
                break
        return self.answers


def rows_of(rates: Mapping[Cell, Sequence[int]], blocks: int = 60, **more: Any) -> list[dict[str, Any]]:
    """Two windows a block for each cell, at its rates in turn, in requests of a window."""
    return [
        window(name, block=block, group=group, round=round_, requests=of[block % len(of)], **more)
        for block in range(blocks) for (group, name), of in rates.items() for round_ in range(ROUNDS)
    ]  # fmt: skip


def until_precise(folder: Path, cells: Sequence[Cell], budget_s: float = 1e6, target: float = 0.05) -> UntilPrecise:
    return UntilPrecise(folder / "windows.jsonl", Precision(target), cells, ROUNDS, budget_s)


# --- so many blocks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("done", "rounds"),
    [
        ([(10, 10)], 10),  # in time
        ([(10, 12)], 9),  # 96 s for 9 blocks, 79 rounds in all
        ([(10, 20)] * 3 + [(4, 8)] * 2, 3),  # 32 s for 5 blocks, which take 1.8 for a round and as much beside
        ([(10, 12), (2, 10)], 3),  # 86 s for 8; it got slower: 17 rounds in all
        ([(10, 12)] * 7 + [(5, 6)], 7),  # 18 s for 2
        ([(10, 12)] * 5 + [(5, 6)] * 4, 10),  # in time again: 24 s for the last
        ([(10, 30)] * 4, 1),  # too late already
    ],
)
def test_blocks_that_take_longer_get_fewer_rounds(done: list[tuple[int, float]], rounds: int) -> None:
    assert FixedBlocks(10, 10, 108).after(done).rounds == rounds
    assert FixedBlocks(10, 10).after(done).rounds == 10


def test_what_blocks_take_beside_their_rounds_is_no_reason_for_fewer() -> None:
    """Crowds come before the groups of the first block, and of the last; not of those between."""
    beside_s = [8.0, 0.0, 0.0, 8.0]
    done = [(2, 28.0)]
    assert FixedBlocks(4, 2, 84, beside_s).after(done).rounds == 2
    assert FixedBlocks(4, 2, 75, beside_s).after(done).rounds == 1
    assert FixedBlocks(4, 2, 84).after(done).rounds == 1


def test_blocks_that_took_less_than_was_expected_beside_their_rounds_keep_them() -> None:
    """Servers that aren't there take none of it."""
    assert FixedBlocks(10, 5, 200, [30.0, 30.0]).after([(5, 20.0)]).rounds == 5


def test_no_block_loses_a_round_for_which_there_is_time() -> None:
    """One of two rounds is a third of a block: where the time is short by one of them, one block goes without."""
    done = [(2, 30.0)]
    while len(done) < 4:
        rounds = FixedBlocks(4, 2, 114).after(done).rounds
        done.append((rounds, 10.0 * (rounds + 1)))
    assert [rounds for rounds, _ in done] == [2, 2, 2, 1]
    assert sum(seconds for _, seconds in done) <= 114


def test_there_are_as_many_blocks_as_were_fixed() -> None:
    """Whatever they take; and nothing is settled before."""
    for at_most_s in (None, 1.0, 1e6):
        rule = FixedBlocks(3, 5, at_most_s)
        answers = [rule.after([(5, 10.0)] * blocks) for blocks in (1, 2, 3)]
        assert [answer.is_enough for answer in answers] == [False, False, True]
        assert all(answer.settled == frozenset() for answer in answers)


def test_where_blocks_are_slow_there_may_be_fewer_of_them() -> None:
    slow = [(1, 30.0)] * 4
    assert not FixedBlocks(6, 1, 100, least=5).after(slow).is_enough
    assert FixedBlocks(6, 1, 100, least=4).after(slow).is_enough
    assert not FixedBlocks(6, 1, 150, least=4).after(slow).is_enough  # there is time for another one
    assert not FixedBlocks(6, 1, 100).after(slow).is_enough
    assert not FixedBlocks(6, 1, None, least=4).after(slow).is_enough


# --- the budget ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "is_enough"),
    [
        ([10.0], False),
        ([10.0, 10.0], False),  # a third one as long fits
        ([10.0, 10.0, 10.0], True),
        ([10.0, 12.0], True),  # one as long as the longest does not
        ([16.0], True),
    ],
)
def test_no_block_begins_that_would_not_fit_into_the_budget(seconds: list[float], is_enough: bool) -> None:
    rule = UntilUsedUp([(0, "epoll")], ROUNDS, budget_s=30.0)
    assert rule.after([(ROUNDS, one) for one in seconds]) == Answer(frozenset(), is_enough, ROUNDS)


def test_every_rule_with_a_budget_ends_with_it(tmp_path: Path) -> None:
    rows = rows_of({(0, "epoll"): ROUGH})
    assert len(Replay(tmp_path, rows).ask(until_precise(tmp_path, [(0, "epoll")], budget_s=5.0))) == 5
    made = MadeUpGate(noise=0.5, blocks=5).write(tmp_path / "gate")
    recorded = [json.loads(line) for line in (made / "windows.jsonl").read_text().splitlines()]
    rule = UntilDecided(made, [(0, "epoll"), (0, "poll")], 10, ROUNDS, budget_s=5.0)
    assert len(Replay(made, recorded).ask(rule)) == 5


# --- until it is precise --------------------------------------------------------------------------------------------


def test_a_group_is_settled_when_its_last_cell_is_precise(tmp_path: Path) -> None:
    """In one group the second strategy needs more blocks than the first look has, in the other none does."""
    cells = [(0, "epoll"), (0, "poll"), (1, "epoll"), (1, "poll")]
    rows = rows_of({cells[0]: FINE, cells[1]: ROUGH, cells[2]: FINE, cells[3]: FINE}, blocks=200)
    rule = until_precise(tmp_path, cells)
    answers = Replay(tmp_path, rows).ask(rule, most=200)
    assert all(answer.settled == frozenset() for answer in answers[:9])
    assert all(answer.settled == {cells[2], cells[3]} for answer in answers[9:-1])
    assert answers[-1] == Answer(frozenset(cells), True, ROUNDS)
    assert 10 < len(answers) < 200
    reached = rule.reached(0)
    assert reached is not None
    width, name, blocks = reached
    assert (name, blocks) == ("poll", len(answers))
    assert width <= 0.05
    assert rule.reached(1) == (pytest.approx(0.0004, abs=2e-4), "poll", 10)  # of equals the last by name


def test_variants_are_known_apart(tmp_path: Path) -> None:
    rows = rows_of({(0, "epoll"): FINE}, variant="base") + rows_of({(0, "epoll"): ROUGH}, variant="head")
    rule = until_precise(tmp_path, [(0, "epoll")])
    assert len(Replay(tmp_path, rows).ask(rule, most=20)) == 20
    reached = rule.reached(0)
    assert reached is not None
    assert reached[1:] == ("epoll@head", 20)


def test_a_cell_without_windows_holds_nobody_up(tmp_path: Path) -> None:
    """Of a strategy that failed, in a group where another is precise."""
    rows = rows_of({(0, "epoll"): FINE}) + [failure("poll", block=block) for block in range(60)]
    answers = Replay(tmp_path, rows).ask(until_precise(tmp_path, [(0, "epoll"), (0, "poll")]))
    assert len(answers) == 10
    assert answers[-1].settled == {(0, "epoll"), (0, "poll")}


def test_a_group_that_nobody_answers_in_is_never_precise(tmp_path: Path) -> None:
    rows = [failure("poll", block=block) for block in range(60)]
    rule = until_precise(tmp_path, [(0, "poll")], budget_s=20.0)
    assert len(Replay(tmp_path, rows).ask(rule)) == 20
    assert rule.reached(0) is None


def test_a_group_without_members_holds_nobody_up(tmp_path: Path) -> None:
    """Group 0 is one whose service none of the strategies offers: it has no cells."""
    answers = Replay(tmp_path, rows_of({(1, "epoll"): FINE})).ask(until_precise(tmp_path, [(1, "epoll")]))
    assert len(answers) == 10


def test_windows_that_are_no_figures_do_not_count(tmp_path: Path) -> None:
    """Those of a slowed loader, and those of a search: they spread, the others don't."""
    cell = (0, "epoll")
    rows = rows_of({cell: FINE}, blocks=10) + rows_of({cell: [10, 9000]}, blocks=10, phase="search")
    rows += [perturbed("epoll", block=block, requests=100 * block) for block in range(10)]
    rule = until_precise(tmp_path, [cell])
    assert len(Replay(tmp_path, rows).ask(rule, most=10)) == 10
    assert rule.reached(0) == (pytest.approx(0.0004, abs=2e-4), "epoll", 10)


def test_a_block_counts_by_the_mean_of_its_windows(tmp_path: Path) -> None:
    rates = [[900, 1100], [1000, 1000], [800, 1200]]
    rows = [window("epoll", block=block, round=round_, requests=requests)
            for block, of in enumerate(rates) for round_, requests in enumerate(of)]  # fmt: skip
    rule = until_precise(tmp_path, [(0, "epoll")])
    Replay(tmp_path, rows).ask(rule, most=3)
    assert rule.reached(0) == (0.0, "epoll", 3)


def test_a_row_that_is_being_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    lines = [json.dumps(row) + "\n" for row in rows_of({(0, "epoll"): FINE}, blocks=2)]
    rule = until_precise(tmp_path, [(0, "epoll")])
    whole = "".join(lines)
    (tmp_path / "windows.jsonl").write_text(whole[:-5])
    rule.after([(ROUNDS, 1.0)])
    (tmp_path / "windows.jsonl").write_text(whole)
    rule.after([(ROUNDS, 1.0)] * 2)
    fresh = until_precise(tmp_path, [(0, "epoll")])
    fresh.after([(ROUNDS, 1.0)] * 2)
    assert rule.reached(0) == fresh.reached(0)


# --- until it is decided ----------------------------------------------------------------------------------------------


def decided(folder: Path, **given: Any) -> tuple[Replay, UntilDecided]:
    """A made-up run of two strategies in both variants, and the gate's rule for it."""
    made = MadeUpGate(blocks=60, outcome="running", **given).write(folder)
    rows = [json.loads(line) for line in (made / "windows.jsonl").read_text().splitlines()]
    return Replay(made, rows), UntilDecided(made, [(0, "epoll"), (0, "poll")], 10, ROUNDS, budget_s=1e6)


def test_a_gate_of_what_did_not_change_ends_at_its_first_look(tmp_path: Path) -> None:
    found, rule = decided(tmp_path)
    answers = found.ask(rule)
    assert [answer.is_enough for answer in answers] == [False] * 9 + [True]
    assert answers[-1].settled == {(0, "epoll"), (0, "poll")}


def test_what_looks_changed_is_measured_on_alone(tmp_path: Path) -> None:
    """A loss can be confirmed by blocks of its own only: at the second look, when the other has long been settled."""
    found, rule = decided(tmp_path, throughput={"epoll": 0.9, "poll": 1.0})
    answers = found.ask(rule)
    assert len(answers) == 20
    assert all(answer.settled == {(0, "poll")} for answer in answers[9:-1])
    assert answers[-1].settled == {(0, "epoll"), (0, "poll")}


def test_files_are_read_at_looks_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, rule = decided(tmp_path, noise=0.5)
    read: list[int] = []
    whole: Callable[..., Any] = gate.records.read
    monkeypatch.setattr(gate.records, "read", lambda folder: read.append(len(found.answers) + 1) or whole(folder))
    found.ask(rule, most=45)
    assert read == [10, 20, 40]


def test_a_gate_that_is_calibrated_takes_its_whole_budget(tmp_path: Path) -> None:
    found, _ = decided(tmp_path)
    assert len(found.ask(UntilUsedUp([(0, "epoll"), (0, "poll")], ROUNDS, budget_s=30.0))) == 30


# --- the rule of --precision itself ----------------------------------------------------------------------------


def test_the_analysis_widens_by_what_the_rule_widens() -> None:
    logs = np.random.default_rng(4).normal(10, 0.01, 12)
    value, low, high = statistics.geometric(np.exp(logs).tolist(), precision.WIDENED)
    assert Precision(0.01).half_width(logs.tolist()) == pytest.approx((high - low) / 2 / value)


def test_the_rule_waits_for_its_first_look_and_for_its_target() -> None:
    alike = [10.0, 10.001] * 10
    rule = Precision(0.01)
    assert not rule.reached(alike[: rule.first_look - 1])
    assert rule.reached(alike[: rule.first_look])
    assert not Precision(0.0001).reached(alike)
    assert Precision(0.01, first_look=4).reached(alike[:4])


@pytest.mark.parametrize("blocks", [[], [10.0], [10.0, float("-inf")] * 10])
def test_what_has_no_interval_is_never_precise(blocks: list[float]) -> None:
    assert Precision(0.5, first_look=1).half_width(blocks) == float("inf")
    assert not Precision(0.5, first_look=1).reached(blocks)


NOISES = ("normal", "heavy tails", "two kinds of processes", "half of it only slows")


def noise(kind: str, random: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Log rates around 0 with a standard deviation of 0.05."""
    if kind == "normal":
        return random.normal(0, 0.05, size)
    if kind == "heavy tails":
        return random.standard_t(4, size) * 0.05 / 2**0.5
    if kind == "two kinds of processes":
        return 0.05 * (0.9 * random.choice([-1.0, 1.0], size) + (1 - 0.9**2) ** 0.5 * random.normal(0, 1, size))
    return 0.05 * 0.5**0.5 * (random.normal(0, 1, size) + 1 - random.exponential(1, size))


def test_no_rule_helps_where_all_noise_only_slows() -> None:
    slowed = 0.05 * (1 - np.random.default_rng(8).exponential(1, (4000, precision.FIRST_LOOK)))
    half = replay.half_widths(slowed)
    assert 0.88 < np.mean(np.abs(slowed.mean(axis=1)) <= half) < 0.92
    centre, widened = (figures[:, -1] for figures in coverage.looks(slowed))
    assert np.mean(np.abs(centre[np.sinh(widened) <= 0.05]) <= widened[np.sinh(widened) <= 0.05]) < 0.92


@pytest.mark.parametrize("target", [0.05, 0.022, 0.012], ids=["at the first look", "midway", "late"])
@pytest.mark.parametrize("kind", NOISES)
def test_looking_does_not_bend_the_coverage(kind: str, target: float) -> None:
    random = np.random.default_rng(8)
    hits = []
    for _ in range(10):
        centre, half = coverage.looks(noise(kind, random, (400, 200)))
        precise = np.sinh(half) <= target
        precise[:, : precision.FIRST_LOOK - 1] = False
        last = np.where(precise.any(axis=1), precise.argmax(axis=1), 199)[:, None]
        hits.append(np.abs(np.take_along_axis(centre, last, 1)) <= np.take_along_axis(half, last, 1))
    assert 0.935 < np.mean(hits) < 0.975  # 94 to 97 %, and what chance adds to 4,000 runs
