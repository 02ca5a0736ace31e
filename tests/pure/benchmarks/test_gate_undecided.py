"""Gates replayed from a run against itself: what is drawn, and what is counted as undecided by a doubt alone."""

import json
from pathlib import Path
from typing import Any

from analysis.records.reading import Results, read
from benchmarks.gate_undecided import Ends, drawn, ends, figures
from tests.support.made_up import MadeUpGate

BLOCKS = 12


def run(folder: Path, unanswered_in: int = -1) -> Results:
    """A gate on equals; in one block head may leave requests of epoll without an answer."""
    path = MadeUpGate().write(folder) / "windows.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(_changed(line, unanswered_in)) + "\n" for line in lines))
    return read(folder)


def _changed(line: dict[str, Any], block: int) -> dict[str, Any]:
    found = (line["strategy"], line["variant"], line["block"]) == ("epoll", "head", block)
    return line | ({"unfinished": round(line["requests"] * 0.5)} if found else {})


def test_drawn_blocks_are_whole_recorded_ones_either_way_round(tmp_path: Path) -> None:
    results = run(tmp_path)
    counts = results.windows.groupby(["block", "strategy", "variant"])["requests"].sum()
    known = {tuple(counts[block].to_dict().items()) for block in set(results.windows["block"])}
    turned = {tuple(counts[block].rename({"base": "head", "head": "base"}, level=1).sort_index().to_dict().items())
              for block in set(results.windows["block"])}  # fmt: skip
    assert not known & turned
    seen = set()
    for seed in range(20):
        windows = drawn(results, BLOCKS, seed).windows
        assert sorted(set(windows["block"])) == list(range(BLOCKS))
        again = windows.groupby(["block", "strategy", "variant"])["requests"].sum()
        seen |= {tuple(again[block].to_dict().items()) for block in range(BLOCKS)}
    assert seen <= known | turned
    assert seen & known
    assert seen & turned


def test_equals_are_left_undecided_by_no_doubt(tmp_path: Path) -> None:
    assert {end.code == end.unaware for end in ends(run(tmp_path), BLOCKS, range(5))} == {True}


def test_what_head_never_answered_is_counted_where_it_is_drawn(tmp_path: Path) -> None:
    results = run(tmp_path, unanswered_in=3)
    found = ends(results, BLOCKS, range(10))
    doubted = [end.code == 3 != end.unaware for end in found]
    assert 0 < sum(doubted) < len(doubted)
    (share,) = [figure for figure in figures(found) if "doubt" in figure.of]
    assert share.value == sum(doubted) / len(doubted)


def test_a_gate_that_is_undecided_anyway_is_not_counted() -> None:
    told = {figure.of: figure.value for figure in figures([Ends(3, 3), Ends(3, 0), Ends(0, 0), Ends(1, 1)])}
    assert told == {
        "end in 0": 0.25,
        "end in 1": 0.25,
        "end in 3": 0.5,
        "end in 3 only as a doubt may hide a loss": 0.25,
    }
