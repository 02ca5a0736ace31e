"""The rest of the contract holds under handlers, too: the check itself is run, as `check` does."""

from pathlib import Path

import pytest

from harness.conformance import suite
from harness.processes.watchdog import Watchdog
from tests.support.project import CONFIG, STRATEGIES

UNDER = {
    "waits": ["asyncio", "asyncio-buffered", "asyncio-tasks", "uvloop", "twisted-line", "gevent", "trio"],
    "blocks": ["epoll", "asyncio-process-pool", "twisted-defer", "gevent-threadpool", "trio-to-thread"],
}


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Why one doesn't conform, with handlers of a millisecond; all are tried side by side."""
    some = {}
    for handler, names in UNDER.items():
        for name in names:
            command = f"{STRATEGIES[name].command} --handler {handler} --handler-us 1000"
            some[name] = STRATEGIES[name].model_copy(update={"command": command})
    logs: Path = tmp_path_factory.mktemp("logs")
    with Watchdog() as watchdog:
        found = suite.examine(CONFIG, some, ["echo"], logs, watchdog, lambda done, what: None)
    said = {name: "".join(path.read_text() for path in logs.glob(f"*/{name}.err")) for name in some}
    return {name: one.reason or said[name] for name, one in found.items() if one.absent is None}


@pytest.mark.parametrize("name", [name for names in UNDER.values() for name in names])
def test_it_conforms_under_handlers(examined: dict[str, str], name: str) -> None:
    """Messages in pieces and in one segment, half-close, clients that take no replies: all as without."""
    if name not in examined:
        pytest.skip("it can't start here")
    assert examined[name] == ""
