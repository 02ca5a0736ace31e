"""Servers whose worker leaves the session: refused with the reason, and nothing of them is left, whoever is killed."""

import os
import signal
from collections.abc import Callable

import psutil
import pytest

from tests.support.bench import Bench, misbehaving

AT_ONCE = ("session", "orphan", "daemon", "grandchild", "cleared", "cleared-daemon")
SERVERS = {way: misbehaving(f"leaving.py {way}") for way in (*AT_ONCE, "late")}
REMEDY = "foreground"


@pytest.fixture(scope="module")
def left(start: Callable[..., Bench]) -> Bench:
    bench = start(SERVERS, rounds=6)
    assert bench.ended() == 0, bench.output
    return bench


@pytest.mark.parametrize("way", AT_ONCE)
def test_a_worker_in_another_session_is_refused(left: Bench, way: str) -> None:
    cell = left.cells()[way]
    assert cell["status"] in ("skipped", "failed"), cell
    assert "session" in cell["reason"], cell
    assert REMEDY in cell["reason"], cell
    assert left.windows(way) == []


def test_a_worker_that_leaves_later_is_no_sound_cell(left: Bench) -> None:
    """When it is gone its CPU time isn't known any more."""
    cell = left.cells()["late"]
    assert (cell["status"], cell["verdict"]) != ("ok", "ok"), cell
    assert cell["cpu_rank"] == "", cell
    assert "session" in cell["reason"], cell


def test_what_is_beside_them_is_measured(left: Bench) -> None:
    cell = left.cells()["epoll"]
    assert (cell["status"], cell["windows"]) == ("ok", "12")


def test_nothing_of_them_is_left(left: Bench) -> None:
    assert left.family() == []
    assert without_environment() == []


def without_environment() -> list[psutil.Process]:
    """Workers that nobody's mark tells."""
    words = [*SERVERS["cleared"].split()[1:2], "serve"]
    return [process for process in psutil.process_iter(["cmdline"]) if (process.info["cmdline"] or [])[1:] == words]


def test_the_check_says_why(start: Callable[..., Bench]) -> None:
    bench = start({way: SERVERS[way] for way in AT_ONCE}, beside="", verb="check")
    assert bench.ended() == 1
    for way in AT_ONCE:
        (line,) = [line for line in bench.output.splitlines() if line.startswith(f"{way} ")]
        assert "session" in line, line
        assert REMEDY in line, line
    assert f"0 of {len(AT_ONCE)} strategies conform" in bench.output
    assert bench.nothing_left(), bench.family()
    assert without_environment() == []


def strayed(bench: Bench) -> list[int]:
    """Workers that lead a session which the harness didn't make: those of a worker, not of a launcher."""
    found = []
    for process in bench.family():
        try:
            if "leaving.py" in " ".join(process.cmdline()) and process.ppid() != bench.process.pid:
                found += [process.pid] if os.getsid(process.pid) == process.pid else []
        except (psutil.Error, ProcessLookupError):
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_nothing_of_them_outlives_a_harness_that_is_stopped(start: Callable[..., Bench], number: int) -> None:
    """As soon as the first has gone its own way. One without an environment is known by its parent alone."""
    names = ("session", "orphan", "grandchild", "cleared")
    bench = start({way: SERVERS[way] for way in names}, "--unchecked", blocks=1000)
    bench.wait(lambda: bool(strayed(bench)) or bench.process.poll() is not None)
    assert bench.process.poll() is None, bench.output
    bench.process.send_signal(number)
    bench.ended()
    assert bench.nothing_left(), bench.family()
    bench.wait(lambda: without_environment() == [])
