"""Runs in which head is worse in what makes its figures doubtful, or cells are lost: never "nothing found"."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from analysis import compare
from analysis.export import junit, markdown
from analysis.gate.decision import Rules, looks_worse
from analysis.gate.result import Gate, examine
from analysis.records.reading import read
from tests.support.made_up import SETTINGS, MadeUpGate, failure, histogram, window

Record = dict[str, Any]
SLOWER = MadeUpGate(throughput={"epoll": 0.7, "poll": 1.0}, latency={"epoll": 1 / 0.7})


def changed(folder: Path, change: Callable[[Record], Record], made: MadeUpGate | None = None) -> Path:
    """A made-up run whose windows of epoll are changed."""
    (made or MadeUpGate()).write(folder)
    path = folder / "windows.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines = [line | change(line) if line["strategy"] == "epoll" else line for line in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def at(*variants: str) -> Callable[[Callable[[Record], Record]], Callable[[Record], Record]]:
    """Changes windows of these variants alone."""
    return lambda change: lambda line: change(line) if line["variant"] in variants else {}


def gate(folder: Path) -> Gate:
    return examine(read(folder))


def unanswered(line: Record) -> Record:
    return {"unfinished": round(line["requests"] * 0.02)}


USUALLY = np.random.default_rng(3).lognormal(np.log(2.4e6), 0.2, 2000)
TAILED = histogram([*USUALLY[24:], *[30e6] * 24])  # 30 ms, of which a window of 0.1 s holds too few


def too_long(line: Record) -> Record:
    return {"latency_hdr": TAILED}


def drifting(line: Record) -> Record:
    return {"first_half": round(line["requests"] / 1.88)}  # the second is less by 12 %


def test_requests_never_answered_at_head_alone_are_no_pass(tmp_path: Path) -> None:
    found = gate(changed(tmp_path, at("head")(unanswered)))
    assert found.exit_code == 3
    assert "a doubt may hide a loss: epoll (p99 among requests without an answer" in found.verdict
    assert "poll (" not in found.verdict.replace("epoll (", "")


def test_in_a_single_block_neither(tmp_path: Path) -> None:
    found = gate(changed(tmp_path, at("head")(lambda line: unanswered(line) if line["block"] == 7 else {})))
    assert found.exit_code == 3
    assert found.verdict.endswith("epoll (requests without an answer in 1 block)")


def test_a_p99_too_long_for_windows_at_head_alone_is_no_pass(tmp_path: Path) -> None:
    found = gate(changed(tmp_path, at("head")(too_long)))
    assert found.exit_code == 3
    assert found.verdict.endswith("epoll (p99 not given)")


def test_a_drift_at_head_alone_is_no_pass(tmp_path: Path) -> None:
    found = gate(changed(tmp_path, at("head")(drifting), SLOWER))
    assert found.exit_code == 3
    assert "epoll (drifting within windows)" in found.verdict
    assert gate(SLOWER.write(tmp_path / "sound")).exit_code == 1


def test_a_loss_that_the_doubts_of_base_alone_hide_is_no_pass(tmp_path: Path) -> None:
    """A base that the load generator limits is faster than what is known of it."""
    found = gate(changed(tmp_path, at("base")(lambda line: {"loader_cpu_s": 0.123}), SLOWER))
    assert found.exit_code == 3
    assert "epoll (may be loader-limited)" in found.verdict


@pytest.mark.parametrize("change", [unanswered, too_long, drifting])
def test_what_both_have_alike_decides_nothing(tmp_path: Path, change: Callable[[Record], Record]) -> None:
    found = gate(changed(tmp_path, at("base", "head")(change)))
    assert (found.exit_code, found.hidden) == (0, {})


def test_a_doubt_of_head_that_hides_no_loss_decides_nothing(tmp_path: Path) -> None:
    """A head that the load generator limits is faster than what is known of it."""
    faster = MadeUpGate(throughput={"epoll": 1.3}, latency={"epoll": 1 / 1.3})
    found = gate(changed(tmp_path, at("head")(lambda line: {"loader_cpu_s": 0.123}), faster))
    assert (found.exit_code, found.verdict) == (0, "nothing found; 2 figures doubtful")


def test_clients_that_head_alone_never_serves_are_no_pass(tmp_path: Path) -> None:
    found = gate(changed(tmp_path / "head", at("head")(lambda line: {"unanswered": 10})))
    assert found.exit_code == 3
    assert found.verdict.endswith("epoll (up to 10 clients are never served, with base 0)")
    both = gate(changed(tmp_path / "both", lambda line: {"unanswered": 99}))
    assert (both.exit_code, both.hidden) == (0, {})


def test_a_cell_that_died_on_both_sides_is_no_pass(tmp_path: Path) -> None:
    died = [failure("epoll", variant=name, status="failed", reason="killed by SIGSEGV", clients=100, block=block)
            for block, name in ((4, "base"), (9, "head"))]  # fmt: skip
    found = gate(MadeUpGate(SLOWER.throughput, extra=died).write(tmp_path))
    assert found.exit_code == 3
    assert found.verdict == "undecided, as it could not be compared: epoll (killed by SIGSEGV)"
    assert found.settled >= {(0, "epoll")}  # no more blocks would tell


def test_a_cell_that_never_came_to_live_on_either_side_is_no_pass(tmp_path: Path) -> None:
    died = [failure("select", variant=name, status="failed", reason="exited with 1", clients=100)
            for name in ("base", "head")]  # fmt: skip
    assert gate(MadeUpGate(extra=died).write(tmp_path)).exit_code == 3


def test_a_cell_measured_on_one_side_alone_is_no_pass(tmp_path: Path) -> None:
    """As the load generator died each time, which is no fault of head's that is known."""
    base = [window("select", variant="base", block=block, clients=100) for block in range(20)]
    lost = failure("select", variant="head", status="failed", reason="the loader ended", fault="loader", clients=100)
    found = gate(MadeUpGate(extra=[*base, lost]).write(tmp_path))
    assert (found.exit_code, found.failures) == (3, {})
    assert found.verdict.endswith("select (the loader ended)")


def test_what_cannot_run_here_is_named_and_passes(tmp_path: Path) -> None:
    skipped = [failure("uvloop", variant=name, reason="needs uvloop", clients=100) for name in ("base", "head")]
    found = gate(MadeUpGate(extra=skipped).write(tmp_path))
    assert (found.exit_code, found.verdict) == (0, "nothing found; not compared: uvloop (needs uvloop)")


def test_variants_of_one_run_are_compared_alike(tmp_path: Path) -> None:
    run = changed(tmp_path / "run", at("head")(unanswered))
    found = compare.compare(f"{run}:base", f"{run}:head", json.loads((run / "run.json").read_text())["gate"])
    assert found.exit_code == 3
    assert "epoll (p99 among requests" in found.verdict


def test_every_form_names_what_is_hidden(tmp_path: Path) -> None:
    found = gate(changed(tmp_path, at("head")(unanswered)))
    assert "epoll: may hide a loss: p99 among" in markdown.render(found)
    skipped = ElementTree.fromstring(junit.render(found).encode()).findall(".//testcase[@name='epoll']/skipped")
    assert ["p99 among" in element.get("message", "") for element in skipped] == [True]


def test_changes_that_are_no_part_of_what_is_compared_are_named(tmp_path: Path) -> None:
    variants = {"base": {"asked": "main"}, "head": {"asked": "this", "elsewhere": ["harness/", "loadgen/"]}}
    found = gate(MadeUpGate(facts={"variants": variants}).write(tmp_path))
    assert found.exit_code == 0
    assert found.verdict == "nothing found; changed, but no part of what is compared: harness/, loadgen/"


def test_many_cells_take_chance_for_a_loss_no_more_often_than_few() -> None:
    rules = Rules.of(SETTINGS["gate"])
    random = np.random.default_rng(0)
    runs, figures = 2000, 24 * 3
    found = sum(
        any(looks_worse(losses, rules.among(figures)) for losses in random.normal(0, 0.05, (figures, 20)).tolist())
        for _ in range(runs)
    )
    assert found / runs == pytest.approx(rules.screening / 2, abs=0.02)
    alone = sum(looks_worse(losses, rules) for losses in random.normal(0, 0.05, (runs, 20)).tolist())
    assert alone / runs == pytest.approx(rules.screening / 2, abs=0.02)
