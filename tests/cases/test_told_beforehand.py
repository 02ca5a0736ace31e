"""What can't be measured is refused before anything starts, in one line; what is slow or large is measured."""

import json
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.bench import MISBEHAVE, Bench
from tests.support.command_line import TINY, Case

ODD_NAMES = ["net/http", "mine[v2]", "a[/b]", "null", "all", "a,b", "epoll@head", "two words", "x" * 300]
CROWD = 5000


def refused(case: Case, folder: Path) -> None:
    ended = case.run(folder)
    assert ended.returncode == 2, ended.stderr
    (line,) = ended.stderr.splitlines()
    assert [word for word in case.says if word not in line] == [], line
    assert not (folder / "results").exists()


def test_odd_names_are_refused(tmp_path: Path) -> None:
    """The first of them is named; each by itself is tried elsewhere (tests/process/commands/test_names.py)."""
    table = "".join(f"{json.dumps(name)} = 'true'\n" for name in ODD_NAMES)
    refused(Case("--profile tiny", ("mine.toml", 'strategies."net/http"'), f"{TINY}[strategies]\n{table}"), tmp_path)


def test_what_memory_has_no_room_for_is_refused(tmp_path: Path) -> None:
    """100 clients with 64 MiB each, twice, as two messages in turn differ."""
    refused(Case("--clients 1000 --sizes 64MiB", ("--clients", "--sizes", "64 MiB", "GiB", "memory")), tmp_path)


def test_a_rate_below_one_a_second_is_what_it_says(start: Callable[..., Bench]) -> None:
    bench = start({}, "--load", "open", "--rate", "0.2", rounds=1)
    assert bench.ended() == 0, bench.output
    assert {row["rate_rps"] for row in bench.windows("epoll") if row["load"] == "open"} == {0.2}


def test_a_crowd_larger_than_any_backlog_connects_in_turn(start: Callable[..., Bench]) -> None:
    soft_and_hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft_and_hard[1] < CROWD + 1000:
        pytest.skip(f"a process may have {soft_and_hard[1]} open files here")
    lengths = {"drain_s": 20.0, "timeout_s": 20.0}  # until each is answered
    # Where no request of so many fits into the first window, the next are as long as it takes, so that one counts.
    bench = start({"sound": f"{MISBEHAVE} sound"}, points=(f"clients = [{CROWD}]",), rounds=3, **lengths)
    assert bench.ended() == 0, bench.output
    for name in ("sound", "epoll"):
        cell = bench.cells()[name]
        assert (cell["status"], cell["starved"], cell["errors"]) == ("ok", "0", "0"), cell["status_reason"]
