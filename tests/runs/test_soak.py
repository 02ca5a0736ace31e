"""`run_bench.py soak` of real servers: one that leaks is found, its honest twin isn't; and what it leaves behind."""

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.bench import MISBEHAVE, Bench, misbehaving

OF = ("--rate", "200", "--clients", "5")


def seconds(running: Bench) -> list[dict[str, Any]]:
    path = running.folder / "soak.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


@pytest.mark.parametrize(("way", "leaks"), [("keeps", True), ("returns", False)])
def test_a_server_that_leaks_is_found_and_its_honest_twin_is_not(
    bench: Callable[..., Bench], way: str, leaks: bool
) -> None:
    running = bench({"it": misbehaving(f"leaking.py {way} 16")}, "--strategies", "it", *OF, "--for", "30s", verb="soak")
    assert running.ended() == 0, running.output
    assert ("Leak: memory rises by" in running.output) == leaks, running.output
    assert ("No leak is shown" in running.output) != leaks
    rows = seconds(running)
    assert [row["at_s"] for row in rows] == sorted(row["at_s"] for row in rows)
    assert sum(row["answered"] for row in rows) > 0.9 * sum(row["offered"] for row in rows)
    page = (running.folder / "report.html").read_text()
    assert 'id="soak"' in page
    assert ("Leak: memory rises by" in page) == leaks
    assert (running.folder / "charts" / "soak.svg").exists()
    assert running.nothing_left()


def test_a_pause_is_told_as_the_server_s_or_as_the_machine_s(bench: Callable[..., Bench]) -> None:
    """Where others have the CPU for half of the pause, it can't be told whose it is."""
    server = misbehaving("pausing.py even 1.0 7")
    running = bench({"it": server}, "--strategies", "it", *OF, "--for", "20s", verb="soak")
    assert running.ended() == 0, running.output
    assert "Stall: at " in running.output or "none of the server's doing" in running.output, running.output


def test_limits_decide_how_a_soak_ends(bench: Callable[..., Bench]) -> None:
    limits = ("--require", "errors<0.1%", "--require", "p50<1us")
    running = bench({"it": f"{MISBEHAVE} sound"}, "--strategies", "it", *OF, "--for", "3s", *limits, verb="soak")
    assert running.ended() == 1, running.output
    assert "Required: 1 of 2 limits are kept." in running.output
    assert running.described["requirements"] == ["errors<0.1%", "p50<1us"]


def test_what_was_measured_is_kept_when_it_is_interrupted(bench: Callable[..., Bench]) -> None:
    running = bench({"it": f"{MISBEHAVE} sound"}, "--strategies", "it", *OF, "--for", "120s", verb="soak")
    running.wait(lambda: bool(seconds(running)) or running.process.poll() is not None)
    running.process.send_signal(signal.SIGINT)
    assert running.ended() == 130, running.output
    assert running.described["outcome"] == "interrupted"
    assert len(running.windows("it")) >= 1
    assert running.nothing_left()


def test_a_server_that_dies_is_a_row_with_its_reason(bench: Callable[..., Bench]) -> None:
    running = bench(
        {"it": f"{MISBEHAVE} dies --sound-starts 1"}, "--strategies", "it", *OF, "--for", "20s", verb="soak"
    )
    assert running.ended() == 1, running.output
    (row,) = running.failures("it")
    assert "out of spirits" in row["reason"]
    assert running.nothing_left()
