"""Claims on trial: outcomes of made-up runs with known truth, and what keeps a claim from being decided."""

import json
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.claims import words
from analysis.claims.decision import Ruling, Tried, decide
from analysis.claims.verdicts import exit_code
from analysis.records.reading import read
from benchmarks.claims_replay import NOISES, PLAIN, TRUTHS, count, replay
from tests.support.claimed import QUIET, claim, judged, point, rule, run_of
from tests.support.made_up import MadeUp, failure, footprint

RANDOM = np.random.default_rng(1)


def blocks(mean: float, spread: float = 0.01, count: int = 6) -> list[float]:
    """Logarithms with exactly that mean and that deviation."""
    values = RANDOM.normal(size=count)
    return list(mean + spread * (values - values.mean()) / values.std(ddof=1))


# --- from logarithms to outcomes --------------------------------------------------------------------------------


def test_what_lies_beyond_holds_and_what_lies_short_is_refuted() -> None:
    found = decide({"true": [Tried(blocks(0.1))], "false": [Tried(blocks(-0.1))], "open": [Tried(blocks(0.001))]})
    assert {name: one.outcome for name, one in found.items()} == {
        "true": Ruling.HOLDS,
        "false": Ruling.REFUTED,
        "open": Ruling.NOT_SHOWN,
    }


def test_several_rules_hold_together_and_one_refutes() -> None:
    high, low, near = Tried(blocks(0.2)), Tried(blocks(-0.2)), Tried(blocks(0.001))
    found = decide({"all": [high, high], "one": [high, low, near], "open": [high, near]})
    assert [one.outcome for one in found.values()] == [Ruling.HOLDS, Ruling.REFUTED, Ruling.NOT_SHOWN]
    assert found["one"].deciding == 1
    assert found["open"].deciding == 1


def test_what_is_shown_and_lies_within_the_margin_is_neither() -> None:
    close, below = blocks(0.01, 0.0005), blocks(-0.01, 0.0005)
    found = decide({"close": [Tried(close, 0.02)], "below": [Tried(below, 0.02)], "without": [Tried(close)]})
    assert found["close"].outcome is found["below"].outcome is Ruling.NOT_SHOWN
    assert found["close"].blocks_needed == float("inf")
    assert found["without"].outcome is Ruling.HOLDS


def test_a_doubt_forbids_the_side_that_it_concerns() -> None:
    found = decide({
        "held": [Tried(blocks(0.2), can_hold=False)], "failed": [Tried(blocks(-0.2), can_fail=False)],
        "the other side": [Tried(blocks(-0.2), can_hold=False)],
    })  # fmt: skip
    assert [one.outcome for one in found.values()] == [Ruling.NOT_SHOWN, Ruling.NOT_SHOWN, Ruling.REFUTED]


def test_counts_decide_without_a_test() -> None:
    true, false, noisy = Tried(counted=True), Tried(counted=False), Tried(blocks(0.2))
    found = decide({"true": [true], "false": [true, false], "both": [true, noisy], "spoilt": [false, noisy]})
    assert [one.outcome for one in found.values()] == [Ruling.HOLDS, Ruling.REFUTED, Ruling.HOLDS, Ruling.REFUTED]
    assert decide({"open": [true, Tried(blocks(0.0))]})["open"].outcome is Ruling.NOT_SHOWN


def test_blocks_that_would_be_needed_do_show_it() -> None:
    near = Tried(blocks(0.03, 0.03), margin=0.0)
    needed = decide({"near": [near]})["near"].blocks_needed
    assert 6 < needed < 60
    random, shown = np.random.default_rng(2), 0
    for _ in range(400):
        logs = random.normal(0.03, 0.03, int(needed))
        shown += decide({"near": [Tried(list(logs))]})["near"].outcome is Ruling.HOLDS
    assert shown >= 0.9 * 400


def test_one_block_decides_nothing() -> None:
    assert decide({"one": [Tried([0.5])]})["one"].outcome is Ruling.NOT_SHOWN


def test_verdicts_are_right_and_hardly_ever_wrong() -> None:
    """The benchmark does ten thousand of each; these are enough to see an error rate that is several times too high."""
    mixed = list(TRUTHS) * 5
    told = count(PLAIN, mixed, 6, range(300))
    assert told.right / told.claims >= 0.95
    for noise in NOISES:
        assert count(noise, [Ruling.NOT_SHOWN] * 15, 6, range(300)).wrong <= 12  # of 300; 3 are expected at most


def test_a_replay_that_spends_more_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.claims.decision.ERROR", 0.5)
    assert count(PLAIN, [Ruling.NOT_SHOWN] * 15, 6, range(300)).wrong > 30


def test_a_replay_has_the_truths_that_it_is_told() -> None:
    said = replay(PLAIN, [Ruling.HOLDS, Ruling.REFUTED], 200, np.random.default_rng(1))
    assert said == [Ruling.HOLDS, Ruling.REFUTED]


# --- from a run to verdicts -------------------------------------------------------------------------------------


def by(who: str, other: str, **given: Any) -> dict[str, Any]:
    return rule(who=who, by=other, **given)


def test_rates_are_held_against_each_other(tmp_path: Path) -> None:
    # epoll answers 118 where poll answers 96.5
    found = judged(run_of(
        tmp_path,
        claim("true", by("epoll", "poll", at_least=1.1)), claim("false", by("epoll", "poll", at_least=1.4)),
        claim("at most", by("poll", "epoll", at_most=0.9)),
    ))  # fmt: skip
    assert {name: one.outcome for name, one in found.items()} == {
        "true": Ruling.HOLDS, "false": Ruling.REFUTED, "at most": Ruling.HOLDS,
    }  # fmt: skip
    assert found["true"].rules[0].found.value == pytest.approx(118 / 96.5, rel=0.1)
    assert exit_code(list(found.values())) == 1


def test_a_figure_by_itself_is_held_against_its_threshold(tmp_path: Path) -> None:
    found = judged(run_of(tmp_path, claim("fast", rule("p50_us", who="epoll", at_most=5_000)),
                          claim("slow", rule("p50_us", who="epoll", at_least=5_000))))  # fmt: skip
    assert found["fast"].outcome is Ruling.HOLDS
    assert found["slow"].outcome is Ruling.REFUTED


def test_growth_is_between_two_points_and_by_anothers(tmp_path: Path) -> None:
    # forking's rate falls by (100 / 500) ** 0.4 where epoll's hardly moves
    made = MadeUp(groups=[(100, 64), (500, 64)], **QUIET)
    points = [point(clients=100), point(clients=500)]
    told = {"kind": "growth", "axis": "clients", "points": points}
    found = judged(run_of(tmp_path, claim("alone", rule(who="forking", at_most=0.7, **told)),
                          claim("by", rule(who="forking", by="epoll", at_most=0.7, **told)),
                          claim("not so", rule(who="epoll", by="forking", at_most=1, **told)), made=made))  # fmt: skip
    assert [one.outcome for one in found.values()] == [Ruling.HOLDS, Ruling.HOLDS, Ruling.REFUTED]


def test_from_a_value_on_has_a_crossover_with_an_interval(tmp_path: Path) -> None:
    # forking passes threading below, and falls behind beyond 100 clients: threading passes it in between
    made = MadeUp(groups=[(clients, 64) for clients in (10, 100, 200, 500)], **QUIET)
    points = [point(clients=clients) for clients in (10, 100, 200, 500)]
    told = {"kind": "along", "axis": "clients", "points": points, "at_least": 1.0}
    results = run_of(tmp_path, claim("passes", rule(who="threading", by="forking", **told)),
                     claim("never", rule(who="forking", by="threading", **told)), made=made)  # fmt: skip
    found = judged(results)
    passes = found["passes"].rules[0]
    assert found["passes"].outcome is Ruling.HOLDS
    assert passes.crossover.low < 100 * (46 / 41) ** 2.5 < passes.crossover.high
    assert words.verdict(found["passes"]).startswith("HOLDS from 1")
    assert found["never"].outcome is Ruling.REFUTED


def test_counted_columns_have_no_noise(tmp_path: Path) -> None:
    found = judged(run_of(
        tmp_path,
        claim("one of a hundred", rule("starved", who="blocking", kind="count", at_least=99)),
        claim("all", rule("starved", who="epoll", kind="count", at_most=0)),
        claim("nobody", rule("starved", who="epoll", kind="count", at_least=1)),
    ))  # fmt: skip
    assert [one.outcome for one in found.values()] == [Ruling.HOLDS, Ruling.HOLDS, Ruling.REFUTED]


def test_who_starves_clients_is_compared_with_nobody(tmp_path: Path) -> None:
    found = judged(run_of(tmp_path, claim("slow", by("epoll", "blocking", at_least=2))))["slow"]
    assert found.outcome is Ruling.NOT_SHOWN
    assert "starved" in words.needs(found)


def test_what_is_known_from_below_can_be_ahead_and_not_behind(tmp_path: Path) -> None:
    made = MadeUp(groups=[(100, 64)], **QUIET)
    results = run_of(tmp_path, claim("ahead", by("epoll", "poll", at_least=1.1)),
                     claim("behind", by("epoll", "poll", at_least=2)),
                     claim("by it", by("poll", "epoll", at_least=0.5)), made=made)  # fmt: skip
    busy = results.windows["strategy"] == "epoll"
    results.windows.loc[busy, "loader_cpu_s"] = results.windows.loc[busy, "loader_wall_s"]  # it may limit epoll
    found = judged(results)
    assert "loader-limited" in found["ahead"].rules[0].doubts[0]
    assert [one.outcome for one in found.values()] == [Ruling.HOLDS, Ruling.NOT_SHOWN, Ruling.NOT_SHOWN]


def test_a_strategy_that_isnt_to_be_had_makes_a_claim_not_testable(tmp_path: Path) -> None:
    made = MadeUp(groups=[(100, 64)], skipped={"uvloop": "uvloop is not installed"}, **QUIET)
    found = judged(run_of(tmp_path, claim("fast", by("uvloop", "asyncio", at_least=2)), made=made))["fast"]
    assert found.outcome is Ruling.NOT_TESTABLE
    assert "uvloop is not installed" in words.verdict(found)
    assert exit_code([found]) == 3


def test_what_no_run_can_tell_is_no_failure(tmp_path: Path) -> None:
    found = judged(run_of(tmp_path, claim("elsewhere", not_testable="it takes Windows")))["elsewhere"]
    assert words.verdict(found) == "NOT TESTABLE HERE: it takes Windows"
    assert exit_code([found]) == 0


def test_memory_is_known_by_the_blocks_that_looked(tmp_path: Path) -> None:
    results = run_of(tmp_path, claim("small", rule("memory_per_connection_kib", who="epoll", at_most=100)))
    before = 8 << 20
    lines = [footprint("epoll", clients=100, block=block, own_bytes=9 << 20, own_idle_bytes=before,
                       one_client_bytes=before, crowd_bytes=before + 99 * 2048 + block)
             for block in (0, 1)]  # fmt: skip

    with open(tmp_path / "windows.jsonl", "a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)

    assert judged(read(results.folder))["small"].outcome is Ruling.HOLDS


def probed(folder: Path, **figures: list[float | None]) -> None:
    rows = [
        {"probe": "restart", "strategy": "epoll", "case": "without", "block": block, "figure": figure, "value": value,
         "unit": "s" if figure == "seconds" else "binds", "failure": "" if value is not None else "no greeting"}
        for figure, values in figures.items() for block, value in enumerate(values)
    ]  # fmt: skip
    (folder / "probes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def asks(figure: str, **given: Any) -> dict[str, Any]:
    return rule(f"restart.{figure}", who="epoll", case="without", kind="probe", **given)


def test_probes_are_counted_and_their_times_tested(tmp_path: Path) -> None:
    probed(tmp_path, refused=[240, 239, 241], seconds=[60.1, 60.2, 60.1])
    told = [claim("refused", asks("refused", at_least=1)), claim("free", asks("refused", at_most=0)),
            claim("a minute", asks("seconds", at_least=30)), claim("at once", asks("seconds", at_most=1))]  # fmt: skip
    found = judged(run_of(tmp_path, *told))
    assert [one.outcome for one in found.values()] == [Ruling.HOLDS, Ruling.REFUTED, Ruling.HOLDS, Ruling.REFUTED]
    refused = found["refused"].rules[0]
    assert [words.found(refused), words.claimed(refused)] == ["240 binds (239 to 241)", "at least 1 bind"]


def test_counts_that_lie_on_both_sides_show_nothing(tmp_path: Path) -> None:
    probed(tmp_path, refused=[0, 240, 241])
    found = judged(run_of(tmp_path, claim("refused", asks("refused", at_least=1))))["refused"]
    assert found.outcome is Ruling.NOT_SHOWN
    assert "in some blocks" in words.needs(found)


def test_a_probe_that_failed_says_why(tmp_path: Path) -> None:
    probed(tmp_path, refused=[None, None, None])
    found = judged(run_of(tmp_path, claim("refused", asks("refused", at_least=1))))["refused"]
    assert words.verdict(found) == "NOT TESTABLE HERE: no greeting"


def test_a_probe_that_broke_says_so(tmp_path: Path) -> None:
    row = {"probe": "restart", "strategy": "", "case": "", "block": 0, "figure": "", "value": None, "unit": "",
           "failure": "the probe broke: it did"}  # fmt: skip
    (tmp_path / "probes.jsonl").write_text(json.dumps(row) + "\n")
    found = judged(run_of(tmp_path, claim("refused", asks("refused", at_least=1))))["refused"]
    assert words.verdict(found) == "NOT TESTABLE HERE: the probe broke: it did"


def test_a_run_without_claims_has_no_verdicts(tmp_path: Path) -> None:
    MadeUp(groups=[(100, 64)], **QUIET).write(tmp_path)

    assert judged(read(tmp_path)) == {}


def test_evidence_says_what_was_found_and_claimed(tmp_path: Path) -> None:
    results = run_of(tmp_path, claim("fast", by("epoll", "poll", at_least=1.1)))
    line = words.evidence(judged(results)["fast"].rules[0], results.usual)
    assert line.startswith("epoll's requests a second by poll's (echo, 100 clients, 64 B): 1.2")
    assert line.endswith("; claimed: at least 1.1 times")


def test_a_failed_cell_is_no_evidence(tmp_path: Path) -> None:
    results = run_of(tmp_path, claim("fast", by("stranger", "poll", at_least=1.1)))

    with open(tmp_path / "windows.jsonl", "a") as file:
        file.write(
            json.dumps(failure("stranger", status="failed", reason="it died", clients=100, block=0, group=0)) + "\n"
        )

    found = judged(read(results.folder))["fast"]
    assert found.outcome is Ruling.NOT_SHOWN
    assert "it died" in words.needs(found)


def test_thresholds_are_ratios_on_the_log_scale() -> None:
    assert TRUTHS[Ruling.HOLDS] == log(1.1)
