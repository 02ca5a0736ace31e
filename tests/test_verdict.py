"""What limits a cell and what makes it doubtful, decided from a row of evidence."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up import SETTINGS, window

from analysis.evidence import evidence
from analysis.records import Results, read
from analysis.verdict import PHRASES, doubts, limited_by, parted, touching

THRESHOLDS = SETTINGS["verdict"]

# A cell without any fault: the server is busy, the loader has room.
SOUND: dict[str, Any] = {
    "load": "closed", "requests": 50_000, "errors": 0, "starved": 0, "windows": 12, "server_cpu_share": 0.95,
    "loader_cpu_share": 0.5, "loader_cpu_us_per_request": 5.0, "perturbed_windows": 0, "p99_us": 2000.0,
    "drift": 0.01, "littles_law": 1.0, "arrival_p90_us": 20.0, "dropped": 0, "_replies": 60_000, "_offered": 50_000,
    "_shared_cpu": False, "_round_trips": 50.0, "_block_spread": 0.03, "_drift_low": -0.01, "_drift_high": 0.03,
    "_unreconciled": 0, "_measured_latencies": 50_000, "_unanswered": 0,
}  # fmt: skip
SLOWED = {"loader_cpu_share": 0.97, "perturbed_windows": 12, "perturbation_loss_if_loader": 0.5}


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
        ({"errors": 506}, "errors"),
        ({"errors": 495}, "server"),
        ({"requests": 0, "_replies": 0}, "errors"),
        ({"requests": 0, "_replies": 1}, "server"),  # slow, but right
        ({"errors": 5000, "starved": 3}, "errors"),
        ({"starved": 1}, "starvation"),
        ({"starved": 1, "_shared_cpu": True}, "starvation"),
        ({"_shared_cpu": True}, "loader"),
        ({"loader_cpu_share": 0.91}, "both"),
        ({"loader_cpu_share": float("nan")}, "both"),
        (lost(0.25, 0.5), "loader"),
        (lost(0.24, 0.5), "both"),
        (lost(0.1, 0.3), "both"),
        (lost(-0.02, 0.24), "server"),
        (SLOWED, "both"),  # too few blocks to know the loss
        (lost(-0.02, 0.02) | {"server_cpu_share": 0.5, "_round_trips": 9.0}, "round-trip"),
        ({"server_cpu_share": 0.5, "_round_trips": 9.0}, "round-trip"),
        ({"server_cpu_share": 0.5, "_round_trips": 11.0}, "server"),
        ({"server_cpu_share": 0.81, "_round_trips": 2.0}, "server"),
        ({"load": "open"}, "offered rate"),
        ({"load": "open", "requests": 49_500}, "offered rate"),
        ({"load": "open", "requests": 49_400}, "server"),
        ({"load": "open", "dropped": 1}, "server"),
        ({"load": "open", "requests": 49_400, "arrival_p90_us": 500.0, "service_p50_us": 900.0}, "loader"),
        ({"load": "open", "requests": 49_400, "arrival_p90_us": 400.0, "service_p50_us": 900.0}, "server"),
        ({"load": "open", "errors": 600}, "errors"),
        ({"load": "open", "starved": 2}, "starvation"),
        ({"load": "knee", "loader_cpu_share": 0.99}, "server"),
        ({"load": "knee", "errors": 600}, "errors"),
    ],
)
def test_what_limits(found: dict[str, Any], limit: str) -> None:
    assert limited_by(SOUND | found, THRESHOLDS) == limit


def test_a_handler_that_waits_comes_after_faults_and_before_shares() -> None:
    assert limited_by(SOUND | {"loader_cpu_share": 0.99}, THRESHOLDS, "sleep 10ms") == "handler"
    assert limited_by(SOUND | {"starved": 1}, THRESHOLDS, "sleep 10ms") == "starvation"


def doubts_of(**found: Any) -> list[str]:
    row = SOUND | found
    return doubts(row | {"limited_by": limited_by(row, THRESHOLDS)}, THRESHOLDS)


def test_a_sound_cell_has_no_doubt() -> None:
    assert doubts_of() == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"_shared_cpu": True}, "loader-limited (shares a CPU with the servers)"),
        (lost(0.4, 0.6), "loader-limited (a slower loader cost 40 to 60 %, of 50 % if it limits)"),
        ({"loader_cpu_share": 0.97}, "may be loader-limited (it used 97 % of its CPU)"),
        ({"errors": 12_500}, "requests failed (20 %)"),
        ({"requests": 0, "_replies": 0}, "requests failed (no correct reply)"),
        ({"_block_spread": 0.31}, "unstable between blocks (spread 31 %)"),
        ({"drift": -0.2, "_drift_low": -0.3, "_drift_high": -0.1}, "drifting within windows (second half -20 %)"),
        ({"p99_us": float("nan"), "_measured_latencies": 600}, "too few samples for a p99 (600 requests)"),
        ({"p99_us": float("nan"), "_p99": "21 ms"}, "p99 not given (21 ms)"),
        ({"p99_us": float("nan"), "_unanswered": 800}, "p99 among requests without an answer (800 of 50,000)"),
        ({"_unreconciled": 3}, "counts don't reconcile (3 of 12 windows)"),
        ({"littles_law": 0.84}, "rate and latency contradict each other (rate x latency = 0.84 x clients)"),
        ({"littles_law": 1.16}, "rate and latency contradict each other (rate x latency = 1.16 x clients)"),
        ({"arrival_p90_us": 220.0}, "the loader's own delay shows (11 % of the p99)"),
    ],
)
def test_each_doubt_has_its_number(found: dict[str, Any], said: str) -> None:
    assert doubts_of(**found) == [said]
    assert list(parted(said)) == [tuple(said.removesuffix(")").split(" (", 1))]


@pytest.mark.parametrize(
    "found",
    [
        {"_block_spread": 0.24},
        {"_block_spread": float("nan")},  # a single block
        {"drift": 0.09, "_drift_low": 0.08, "_drift_high": 0.1},
        {"drift": -0.2, "_drift_low": -0.5, "_drift_high": 0.1},  # may be none
        {"drift": float("nan")},
        {"littles_law": 1.14},
        {"littles_law": float("nan")},
        {"littles_law": 0.5, "errors": 1},  # a client that connects anew has no request open
        {"littles_law": 0.5, "load": "open"},
        {"arrival_p90_us": 190.0},
        {"arrival_p90_us": float("nan")},
    ],
)
def test_what_is_within_its_bounds_or_unknown_is_no_doubt(found: dict[str, Any]) -> None:
    assert doubts_of(**found) == []


@pytest.mark.parametrize("name", ["errors_share", "busy_share", "round_trip_factor", "perturb_from_share"])
def test_a_limit_follows_its_threshold(name: str) -> None:
    row = SOUND | {"errors": 400, "server_cpu_share": 0.75, "_round_trips": 12.0, "loader_cpu_share": 0.85}
    moved = {"errors_share": 0.005, "busy_share": 0.7, "round_trip_factor": 13.0, "perturb_from_share": 0.8}
    if name == "busy_share":
        row |= {"_round_trips": 2.0}
    before, after = (limited_by(row, table) for table in (THRESHOLDS, THRESHOLDS | {name: moved[name]}))
    assert before != after


@pytest.mark.parametrize(
    ("found", "name", "moved"),
    [
        ({"_block_spread": 0.2}, "block_spread", 0.1),
        ({"drift": 0.08, "_drift_low": 0.07}, "drift_share", 0.05),
        ({"littles_law": 1.1}, "littles_law_share", 0.05),
        ({"arrival_p90_us": 150.0}, "arrival_share", 0.05),
    ],
)
def test_a_doubt_follows_its_threshold(found: dict[str, Any], name: str, moved: float) -> None:
    row = SOUND | {"limited_by": "server"} | found
    assert not doubts(row, THRESHOLDS)
    assert len(doubts(row, THRESHOLDS | {name: moved})) == 1


def test_a_doubt_touches_what_it_is_about() -> None:
    def touched(phrase: str) -> list[str]:
        row = {"reason": f"failed in a block (died); {phrase} (7)"}
        return [name for name in ("throughput_rps", "p50_us", "p99_us", "server_cpu_us_per_request")
                if touching(row, name)]  # fmt: skip

    assert touched("may be loader-limited") == ["throughput_rps", "p50_us", "p99_us"]
    assert touched("the loader's own delay shows") == ["p50_us", "p99_us"]
    assert touched("too few samples for a p99") == ["p99_us"]
    assert touched("something else") == []
    assert all("p99_us" in touched(phrase) for phrase in PHRASES)


def test_reasons_that_are_no_doubts_stay_whole() -> None:
    told = "uvloop is not installed (see requirements); install it; may be loader-limited (97 %)"
    assert list(parted(told)) == [
        ("may be loader-limited", "97 %"),
        ("uvloop is not installed (see requirements); install it", ""),
    ]
    assert list(parted("")) == []


def evidence_of(tmp_path: Path, records: list[dict[str, Any]]) -> dict[str, Any]:
    (tmp_path / "run.json").write_text('{"schema": 1, "loader_cpus": [0]}')
    (tmp_path / "windows.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    found: Results = read(tmp_path)
    return evidence(found.windows, found.perturbed if len(found.perturbed) else None, found, 0)


def test_counts_reconcile_when_what_came_in_went_out(tmp_path: Path) -> None:
    """Begun or carried over, and then answered (late ones too), failed or still open."""
    sound = window("epoll", requests=90, replies=100, late=2, failed=3, censored=4, carried=5, asked=102)
    lost = sound | {"asked": 103}
    assert evidence_of(tmp_path, [sound, lost, lost])["_unreconciled"] == 2
    assert evidence_of(tmp_path, [sound | {"asked": None}])["_unreconciled"] == 0  # an older record


def test_drift_is_told_from_windows_with_both_halves(tmp_path: Path) -> None:
    halves = ((0, 60), (0, 60), (1, 58), (2, 62), (2, 0), (3, 100))  # block, first half
    made = [window("epoll", requests=100, block=block, first_half=half) for block, half in halves]
    found = evidence_of(tmp_path, made)
    assert found["drift"] == pytest.approx(np.exp(np.mean(np.log([40 / 60, 42 / 58, 38 / 62]))) - 1)
    assert found["_drift_high"] < 0


def test_blocks_apart_by_a_known_factor(tmp_path: Path) -> None:
    found = evidence_of(tmp_path, [window("epoll", block=block, requests=1000 * 2**block) for block in (0, 1)])
    assert found["_block_spread"] == pytest.approx(np.log(2) / 2**0.5)
