"""What limits a cell and what makes it doubtful, decided from a row of evidence."""

import ast
import json
import re
from dataclasses import fields, replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from analysis.doubts import KINDS, Doubt, touching
from analysis.judging.cells import tabulate, write
from analysis.judging.evidence import Evidence, evidence
from analysis.judging.verdict import doubts_about, limited_by
from analysis.records.reading import Results, read
from analysis.tables.run import render
from tests.support.made_up import SETTINGS, MadeUp, failure, window
from tests.support.project import ROOT

THRESHOLDS = SETTINGS["verdict"]

# A cell without any fault: the server is busy, the loader has room.
SOUND: dict[str, Any] = {
    "load": "closed", "requests": 50_000, "errors": 0, "starved": 0, "windows": 12, "server_cpu_share": 0.95,
    "loader_cpu_share": 0.5, "loader_cpu_us_per_request": 5.0, "perturbed_windows": 0, "p99_us": 2000.0,
    "block_spread": 0.03, "drift": 0.01, "littles_law": 1.0, "arrival_p90_us": 20.0, "dropped": 0,
}  # fmt: skip
SEEN = Evidence(
    replies=60_000, offered=50_000, round_trips=50.0, drift_low=-0.01, drift_high=0.03, latencies=50_000,
)  # fmt: skip
SLOWED = {"loader_cpu_share": 0.97, "perturbed_windows": 12, "perturbation_loss_if_loader": 0.5}


def told(found: dict[str, Any]) -> tuple[dict[str, Any], Evidence]:
    """The sound cell, but for what is found: its row, and its evidence."""
    names = {field.name for field in fields(Evidence)}
    own = {name: value for name, value in found.items() if name in names}
    return SOUND | {name: value for name, value in found.items() if name not in names}, replace(SEEN, **own)


def lost(low: float, high: float) -> dict[str, Any]:
    """What slowing the loader down cost, of 0.5 if it limits."""
    return {
        **SLOWED,
        "perturbation_loss": (low + high) / 2,
        "perturbation_loss_low": low,
        "perturbation_loss_high": high,
    }


@pytest.mark.parametrize(
    ("found", "limit"),
    [
        ({}, "server"),
        ({"errors": 607}, "errors"),
        ({"errors": 606}, "server"),
        ({"errors": 1, "wrong": {"corrupt": 1}}, "errors"),  # below every threshold, and yet
        ({"errors": 1, "wrong": {"early": 1}}, "errors"),
        ({"requests": 0, "replies": 0}, "errors"),
        ({"requests": 0, "replies": 1}, "server"),  # slow, but right
        ({"errors": 5000, "starved": 3}, "errors"),
        ({"starved": 1}, "starvation"),
        ({"starved": 1, "taken": 0.3}, "starvation"),
        ({"taken": 0.3}, "loader"),
        ({"taken": 0.02}, "server"),
        ({"loader_cpu_share": 0.91}, "both"),
        ({"loader_cpu_share": float("nan")}, "both"),
        (lost(0.25, 0.5), "loader"),
        (lost(0.24, 0.5), "both"),
        (lost(0.1, 0.3), "both"),
        (lost(-0.02, 0.24), "server"),
        (SLOWED, "both"),  # too few blocks to know the loss
        (lost(0.11, 0.55) | {"loader_cpu_share": 0.88}, "both"),  # it rests, and yet
        (lost(0.09, 0.55) | {"loader_cpu_share": 0.88}, "server"),
        (lost(-0.5, -0.11) | {"loader_cpu_share": 0.88}, "server"),  # what a slower one wins it doesn't limit
        (lost(-0.02, 0.02) | {"server_cpu_share": 0.5, "round_trips": 9.0}, "round-trip"),
        ({"server_cpu_share": 0.5, "round_trips": 9.0}, "round-trip"),
        ({"server_cpu_share": 0.5, "round_trips": 11.0}, "server"),
        ({"server_cpu_share": 0.81, "round_trips": 2.0}, "server"),
        ({"load": "open"}, "offered rate"),
        ({"load": "open", "requests": 49_500}, "offered rate"),
        ({"load": "open", "requests": 49_400}, "server"),
        ({"load": "open", "dropped": 1}, "server"),
        ({"load": "open", "requests": 49_400, "arrival_p90_us": 500.0, "service_p50_us": 900.0}, "loader"),
        ({"load": "open", "requests": 49_400, "arrival_p90_us": 400.0, "service_p50_us": 900.0}, "server"),
        (
            {
                "load": "open",
                "requests": 49_400,
                "arrival_p90_us": 500.0,
                "service_p50_us": 500.0,
                "unstamped": 0,
                "loader_delay_p50_us": 600.0,
            },
            "server",
        ),  # of the time until it was seen as before
        ({"load": "open", "errors": 607}, "errors"),
        ({"load": "open", "starved": 2}, "starvation"),
        ({"load": "knee", "loader_cpu_share": 0.99}, "server"),
        ({"load": "knee", "errors": 607}, "errors"),
    ],
)
def test_what_limits(found: dict[str, Any], limit: str) -> None:
    assert limited_by(*told(found), THRESHOLDS) == limit


def test_a_handler_that_waits_comes_after_faults_and_before_shares() -> None:
    assert limited_by(*told({"loader_cpu_share": 0.99}), THRESHOLDS, "sleep 10ms") == "handler"
    assert limited_by(*told({"starved": 1}), THRESHOLDS, "sleep 10ms") == "starvation"


def doubts_of(**found: Any) -> list[Doubt]:
    row, seen = told(found)
    return list(doubts_about(row | {"limited_by": limited_by(row, seen, THRESHOLDS)}, seen, THRESHOLDS))


def test_a_sound_cell_has_no_doubt() -> None:
    assert doubts_of() == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"taken": 0.3}, "loader-limited (took 30 % of the servers' CPUs)"),
        (
            lost(0.4, 0.6),
            "loader-limited (slowing the loader lowered the rate by 40 to 60 %, where 50 % is expected if it limits)",
        ),
        ({"loader_cpu_share": 0.97}, "may be loader-limited (it used 97 % of its CPU)"),
        ({"errors": 15_000}, "requests failed (20 %)"),
        ({"requests": 0, "replies": 0}, "requests failed (no correct reply)"),
        ({"errors": 3, "wrong": {"corrupt": 1, "early": 2}}, "wrong replies (1 corrupt, 2 early)"),
        ({"starved": 10, "clients": 100}, "clients starved (10 of 100)"),
        ({"timed_out": 4, "errors": 4}, "requests timed out (4 of 60,004)"),
        ({"clock_step_s": -0.5}, "the clock was set within a window (by -0.5 s)"),
        ({"unstamped": 3}, "the loader's own delay shows (3 of 50,000 replies without the kernel's stamp)"),
        ({"block_spread": 0.31}, "unstable between blocks (spread 31 %)"),
        ({"drift": -0.2, "drift_low": -0.3, "drift_high": -0.1}, "drifting within windows (second half -20 %)"),
        ({"p99_us": float("nan"), "latencies": 600}, "too few samples for a p99 (600 requests)"),
        ({"p99_us": float("nan"), "withheld_p99": "21 ms"}, "p99 not given (21 ms)"),
        ({"p99_us": float("nan"), "unanswered": 800}, "p99 among requests without an answer (800 of 50,000)"),
        ({"unreconciled": 3}, "counts don't reconcile (3 of 12 windows)"),
        ({"littles_law": 0.84}, "rate and latency contradict each other (rate x latency = 0.84 x clients)"),
        ({"littles_law": 1.16}, "rate and latency contradict each other (rate x latency = 1.16 x clients)"),
        ({"arrival_p90_us": 220.0}, "the loader's own delay shows (11 % of the p99)"),
        ({"neighbours": 0.02}, "other servers worked in its windows (2 % of their time)"),
        ({"unasked": 0.3}, "works on when nobody asks (30 % of its CPU time)"),
        ({"unasked": 0.3, "restless": 0.98}, "works without end when nobody asks (98 % of a CPU)"),
    ],
)
def test_each_doubt_has_its_number(found: dict[str, Any], said: str) -> None:
    (doubt,) = doubts_of(**found)
    assert str(doubt) == said
    assert (doubt.kind.phrase, doubt.number) == tuple(said.removesuffix(")").split(" (", 1))
    assert doubt.kind in KINDS


@pytest.mark.parametrize(
    "found",
    [
        {"block_spread": 0.24},
        {"block_spread": float("nan")},  # a single block
        {"drift": 0.09, "drift_low": 0.08, "drift_high": 0.1},
        {"drift": -0.2, "drift_low": -0.5, "drift_high": 0.1},  # may be none
        {"drift": float("nan")},
        {"littles_law": 1.14},
        {"littles_law": float("nan")},
        {"littles_law": 0.5, "errors": 1},  # a client that connects anew has no request open
        {"littles_law": 0.5, "load": "open"},
        {"arrival_p90_us": 190.0},
        {"arrival_p90_us": float("nan")},
        {"neighbours": 0.009},
        {"unasked": 0.09},
        {"arrival_p90_us": 1900.0, "unstamped": 0},  # latencies end before it
        {"clock_step_s": 0.0009},
    ],
)
def test_what_is_within_its_bounds_or_unknown_is_no_doubt(found: dict[str, Any]) -> None:
    assert doubts_of(**found) == []


@pytest.mark.parametrize("name", ["errors_share", "busy_share", "round_trip_factor", "perturb_from_share"])
def test_a_limit_follows_its_threshold(name: str) -> None:
    found = {"errors": 400, "server_cpu_share": 0.75, "round_trips": 12.0, "loader_cpu_share": 0.85}
    moved = {"errors_share": 0.005, "busy_share": 0.7, "round_trip_factor": 13.0, "perturb_from_share": 0.8}
    if name == "busy_share":
        found |= {"round_trips": 2.0}
    before, after = (limited_by(*told(found), table) for table in (THRESHOLDS, THRESHOLDS | {name: moved[name]}))
    assert before != after


@pytest.mark.parametrize(
    ("found", "name", "moved"),
    [
        ({"block_spread": 0.2}, "block_spread", 0.1),
        ({"drift": 0.08, "drift_low": 0.07}, "drift_share", 0.05),
        ({"littles_law": 1.1}, "littles_law_share", 0.05),
        ({"arrival_p90_us": 150.0}, "arrival_share", 0.05),
        ({"neighbours": 0.009}, "neighbours_share", 0.005),
        ({"unasked": 0.09}, "put_off_share", 0.05),
        ({"trend": -0.04, "trend_low": -0.06, "trend_high": -0.02}, "trend_share", 0.03),
        (
            {
                "perturbation_loss": 0.09,
                "perturbation_loss_low": 0.06,
                "perturbation_loss_high": 0.12,
                "perturbation_loss_if_loader": 0.33,
            },
            "pace_share",
            0.05,
        ),
        (
            {
                "perturbation_loss": -0.09,
                "perturbation_loss_low": -0.12,
                "perturbation_loss_high": -0.06,
                "perturbation_loss_if_loader": 0.33,
            },
            "pace_share",
            0.05,
        ),
    ],
)
def test_a_doubt_follows_its_threshold(found: dict[str, Any], name: str, moved: float) -> None:
    row, seen = told({"limited_by": "server"} | found)
    assert not list(doubts_about(row, seen, THRESHOLDS))
    assert len(list(doubts_about(row, seen, THRESHOLDS | {name: moved}))) == 1


def test_a_doubt_touches_what_it_is_about() -> None:
    def touched(code: str) -> list[str]:
        cell = {"doubts": tuple(Doubt(kind, "7") for kind in KINDS if kind.code == code)}
        return [name for name in ("throughput_rps", "rank", "p50_us", "p99_us", "server_cpu_us_per_request")
                if touching(cell, name)]  # fmt: skip

    assert touched("maybe-loader-limited") == ["throughput_rps", "rank", "p50_us", "p99_us"]
    assert touched("drifting") == ["throughput_rps", "p50_us", "p99_us"]
    assert touched("late-clock") == ["p50_us", "p99_us"]
    assert touched("few-samples") == ["p99_us"]
    assert touched("") == []
    assert touched("restless")[-1] == "server_cpu_us_per_request"
    assert all("p99_us" in touched(kind.code) for kind in KINDS)


def test_codes_are_words_of_their_own() -> None:
    """In cells.csv they are separated by blanks."""
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len({kind.phrase for kind in KINDS}) == len(KINDS)
    assert all(re.fullmatch("[a-z-]+", code) for code in codes)


def evidence_of(tmp_path: Path, records: list[dict[str, Any]]) -> tuple[dict[str, Any], Evidence]:
    run = {"schema": 1, "run_id": "", "strategies": {}, "window": {"p99_multiple": 5.0}, "loader_cpus": [0]}
    (tmp_path / "run.json").write_text(json.dumps(run))
    (tmp_path / "windows.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    found: Results = read(tmp_path)
    return evidence(found.windows, found.perturbed if len(found.perturbed) else None, found, 0)


def test_counts_reconcile_when_what_came_in_went_out(tmp_path: Path) -> None:
    """Begun or carried over, and then answered (late ones too), failed or still open."""
    sound = window("epoll", requests=90, replies=100, late=2, failed=3, censored=4, carried=5, asked=102)
    lost = sound | {"asked": 103}
    assert evidence_of(tmp_path, [sound, lost, lost])[1].unreconciled == 2
    assert evidence_of(tmp_path, [sound | {"asked": None}])[1].unreconciled == 0  # an older record


def test_drift_is_told_from_windows_with_both_halves(tmp_path: Path) -> None:
    halves = ((0, 60), (0, 60), (1, 58), (2, 62), (2, 0), (3, 100))  # block, first half
    made = [window("epoll", requests=100, block=block, first_half=half) for block, half in halves]
    found, seen = evidence_of(tmp_path, made)
    assert found["drift"] == pytest.approx(np.exp(np.mean(np.log([40 / 60, 42 / 58, 38 / 62]))) - 1)
    assert seen.drift_high < 0


# --- what a server says is no doubt of ours -----------------------------------------------------------------------

LAST_WORDS = "exited with 1: x; requests failed"


def test_last_words_that_read_like_a_doubt_are_none(tmp_path: Path) -> None:
    """It fails in one block of four with this on stderr; in the others it is sound, so it keeps its rank."""
    made = [window(name, block=block, requests=requests, clients=100, latencies=np.full(2000, 1e10 / requests))
            for block in range(4) for name, requests in (("epoll", 3000), ("dies", 2000))]  # fmt: skip
    made += [failure("dies", block=3, clients=100, status="failed", reason=LAST_WORDS)]
    (MadeUp(capacity={}, groups=()).write(tmp_path) / "windows.jsonl").write_text(
        "".join(json.dumps(record) + "\n" for record in made)
    )
    found = read(tmp_path)
    table = tabulate(found)
    cell = table.set_index("strategy").loc["dies"]
    assert (cell["status"], cell["verdict"], cell["rank"]) == ("incomplete", "ok", 2)
    assert (cell["status_reason"], cell["reason"], cell["doubts"]) == (LAST_WORDS, LAST_WORDS, ())
    assert touching(cell, "throughput_rps") == []
    printed = StringIO()
    render(found, table, Console(file=printed, width=110))
    assert f"  dies: {LAST_WORDS}\n" in printed.getvalue()
    assert "?" not in printed.getvalue()


def test_codes_of_the_doubts_are_in_the_file(tmp_path: Path) -> None:
    """Beside the sentence, which has the failure's reason first."""
    busy = {"loader_cpu_s": 0.12, "requests": 400, "latencies": np.full(400, 2e6)}
    made = [window("epoll", block=block, **busy) for block in (0, 1)]
    made += [failure("epoll", block=1, status="failed", reason=LAST_WORDS)]
    (MadeUp(capacity={}, groups=()).write(tmp_path) / "windows.jsonl").write_text(
        "".join(json.dumps(record) + "\n" for record in made)
    )
    results = read(tmp_path)
    row = pd.read_csv(write(results, tabulate(results))).iloc[0]
    assert row["doubts"] == "maybe-loader-limited few-samples off-littles-law"
    assert row["status_reason"] == LAST_WORDS
    assert row["reason"].startswith(f"{LAST_WORDS}; may be loader-limited (it used 97 % of its CPU); too few samples")


# What takes text apart, or looks into it.
APART = {"split", "rsplit", "splitlines", "partition", "rpartition", "find", "index", "count", "startswith", "endswith",
         "removeprefix", "removesuffix", "search", "match", "fullmatch", "findall", "finditer"}  # fmt: skip


def reasons_read(source: str) -> list[int]:
    """The lines at which a reason's text is taken apart, or looked into."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr=word) as function, args=words) if word in APART:
                suspects: list[ast.expr] = [function.value, *words]
            case ast.Compare(ops=[ast.In() | ast.NotIn()], left=ast.Constant(str()) | ast.Name(), comparators=suspects):
                pass
            case _:
                continue
        if any(_is_reason(suspect) for suspect in suspects):
            found.append(node.lineno)
    return found


def _is_reason(expression: ast.expr) -> bool:
    """Whether it reads a value whose name says that it is a reason."""
    for node in ast.walk(expression):
        match node:
            case ast.Name(name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(str(name))) if name in (
                "reason",
                "status_reason",
            ):
                return True
    return False


@pytest.mark.parametrize("module", sorted((ROOT / "analysis").rglob("*.py")), ids=lambda path: path.stem)
def test_no_module_takes_a_reason_apart(module: Path) -> None:
    assert reasons_read(module.read_text()) == []


@pytest.mark.parametrize(
    "planted",
    [
        'cell["reason"].split("; ")',
        'str(cell["reason"]).partition(" (")',
        'FAILING in cell["reason"]',
        '"p99 not given" in cell.reason',
        're.search("p99", row["status_reason"])',
        "def parted(reason):\n    return reason.split()",
    ],
)
def test_a_planted_reader_of_reasons_is_caught(planted: str) -> None:
    assert len(reasons_read(planted)) == 1
    assert reasons_read('print(cell["reason"]); "a b".split(); kind in kinds') == []
