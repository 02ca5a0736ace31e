"""The conformance check where it is our own side that fails: a reason in a line, not the end of the check."""

import errno
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from harness.conformance import cases, standstill, suite
from harness.conformance.client import Target
from harness.processes.server import Server
from harness.processes.stage import Stage
from harness.processes.watchdog import Watchdog
from tests.support.project import CONFIG, STRATEGIES

NOWHERE = "192.0.2.1"  # of TEST-NET-1 (RFC 5737): no client of this machine can come from there
UNTRIED = f"could not be tried: {os.strerror(errno.EADDRNOTAVAIL)}"


def test_a_case_for_which_there_is_no_address_could_not_be_tried(start: Callable[..., Server]) -> None:
    server = start(STRATEGIES["epoll"])
    target = Target(server.endpoint, source=NOWHERE)
    assert standstill.failures(server, target, "echo") == [f"stands-still: {UNTRIED}"]
    assert set(cases.failures(target, "echo")) == {f"{case.name}: {UNTRIED}" for case in cases.of_service("echo")}
    assert cases.why_nobody(target, "echo") == ""


def examined(folder: Path, watchdog: Watchdog) -> str:
    """What is wrong with a sound server."""
    some = {name: STRATEGIES[name] for name in ("epoll", "poll")}
    found = suite.examine(CONFIG, some, ["log"], folder, watchdog, lambda done, what: None)
    (reason,) = {one.reason for one in found.values()}
    assert not any(one.conforms for one in found.values())
    return reason


def test_a_check_without_addresses_gives_that_for_its_reason(
    tmp_path: Path, watchdog: Watchdog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "Target", functools.partial(Target, source=NOWHERE))
    assert set(examined(tmp_path, watchdog).split("; ")) == {
        f"log: {case.name}: {UNTRIED}" for case in cases.of_service("log")
    }


def test_what_fails_around_the_cases_is_a_reason_too(
    tmp_path: Path, watchdog: Watchdog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> NoReturn:
        raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))

    monkeypatch.setattr(Stage, "faults", fails)
    assert examined(tmp_path, watchdog) == f"log: could not be tried: {os.strerror(errno.ENFILE)}"


def test_nothing_is_said_of_a_server_that_another_thread_has_stopped(tmp_path: Path, watchdog: Watchdog) -> None:
    """It may be looked at as one that shared a port; it listens no more because it was told to."""
    with Stage(CONFIG, watchdog, tmp_path) as stage:
        stage.wait_ready(stage.start("it", STRATEGIES["epoll"], CONFIG.settings("echo")))
        assert stage.faults(["it"]) == {}
        stage.servers["it"].ask_to_stop()
        stage.servers["it"]._process.wait(10)
        assert stage.faults(["it"]) == {}
        stage.stop("it")
        assert stage.faults(["it"]) == {}
