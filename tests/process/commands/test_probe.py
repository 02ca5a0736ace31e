"""`run_bench.py probe`: its rows are in a results folder, also of one that is interrupted."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import MISBEHAVE, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    started: list[Bench] = []

    def start(*given: Any, **also: Any) -> Bench:
        started.append(Bench(tmp_path, *given, verb="probe", **also))
        return started[-1]

    yield start
    for one in started:
        one.close()


def rows(bench: Bench) -> list[dict[str, Any]]:
    path = bench.folder / "probes.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_probes_leave_rows_a_table_and_a_page(bench: Callable[..., Bench]) -> None:
    running = bench({"sound": f"{MISBEHAVE} sound"}, "shared_state,anatomy", "--strategies", "sound")
    assert running.ended() == 0, running.output
    assert {row["probe"] for row in rows(running)} == {"shared_state", "anatomy"}
    assert running.described["outcome"] == "complete"
    assert running.described["groups"] == []
    assert "threads without a lock lose" in running.output
    assert "probes-title" in (running.folder / "report.html").read_text()
    assert running.nothing_left()


def test_what_was_found_is_kept_when_it_is_interrupted(bench: Callable[..., Bench]) -> None:
    running = bench({"sound": f"{MISBEHAVE} sound"}, "backlog,restart", "--strategies", "blocking")
    running.wait(lambda: bool(rows(running)) or running.process.poll() is not None)
    running.process.send_signal(signal.SIGINT)
    assert running.ended() == 130, running.output
    assert running.described["outcome"] == "interrupted"
    assert {row["probe"] for row in rows(running)} == {"backlog"}
    assert running.nothing_left()
