"""A server is guarded from its start, or it is stopped."""

from pathlib import Path

import pytest

from harness.config import read
from harness.processes.census import Census
from harness.processes.stage import Stage
from harness.processes.watchdog import Watchdog
from tests.support.project import ROOT, STRATEGIES


def test_a_server_that_can_t_be_guarded_is_stopped_all_the_same(tmp_path: Path) -> None:
    class Deaf(Watchdog):
        def guard(self, pid: int) -> None:
            raise BrokenPipeError

    config = read(ROOT / "bench.toml")
    with Deaf() as watchdog:
        stage = Stage(config, watchdog, tmp_path)
        with pytest.raises(BrokenPipeError), stage:
            stage.start("epoll", STRATEGIES["epoll"], config.settings("echo"))
    assert stage.servers == {}
    assert Census().marked(watchdog.mark) == set()
