"""The conformance check stops and continues a server once, and names what it dies of."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.config import Strategy
from harness.conformance.suite import Conformance, examine
from harness.processes.watchdog import Watchdog
from tests.support.project import CONFIG, ROOT, STRATEGIES

UNASKED = f"{{python}} {ROOT}/tests/support/misbehaving/unasked.py"


@pytest.fixture
def checked(tmp_path: Path) -> Callable[..., Conformance]:
    def check(strategy: Strategy, service: str) -> Conformance:
        with Watchdog() as watchdog:
            found = examine(CONFIG, {strategy.name: strategy}, [service], tmp_path, watchdog, lambda done, what: None)
        return found[strategy.name]

    return check


def test_a_server_that_dies_of_it_is_named_with_the_remedy(checked: Callable[..., Conformance]) -> None:
    dies = Strategy(command=f"{UNASKED} eintr", name="eintr", services=("echo",))
    (failure, *_) = checked(dies, "echo").failures
    assert failure == (
        "echo: stands-still: after SIGSTOP and SIGCONT it exited with 1: epoll_wait: Interrupted system call; "
        "let it call again what was interrupted (EINTR), such as epoll_wait"
    )


@pytest.mark.parametrize("service", ["echo", "greet", "log"])
def test_ours_go_on(checked: Callable[..., Conformance], service: str) -> None:
    assert checked(STRATEGIES["forking"], service).conforms
