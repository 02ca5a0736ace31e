"""The doctor's examination of this machine, shortened."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from analysis import noise
from harness.config import Config
from harness.doctor import doctor, findings
from harness.doctor.doctor import Diagnosis, Extent
from harness.doctor.findings import Finding
from harness.doctor.noise import CLIENTS
from harness.processes.watchdog import Watchdog
from tests.support.project import CONFIG

SHORT = Extent(watch_s=0.02, blocks=2, block_s=0.1, points=((3, 64), (2, 1024)), counted_s=0.05)


class Heard:
    def __init__(self, interrupt_at: str | None = None) -> None:
        self.done: list[float] = []
        self._interrupt_at = interrupt_at

    def __call__(self, done: float, what: str) -> None:
        self.done.append(done)
        if self._interrupt_at is not None and what.startswith(self._interrupt_at):
            raise KeyboardInterrupt


def children() -> set[int]:
    """Of ours and theirs, by their ids."""
    return {child.pid for child in psutil.Process().children(recursive=True)}


@pytest.fixture
def examine() -> Iterator[Callable[..., Diagnosis]]:
    """A short examination, of which nothing may be left."""
    before = children()
    with Watchdog() as watchdog:

        def examined(config: Config = CONFIG, heard: Heard | None = None) -> Diagnosis:
            return doctor.examine(config, watchdog, heard or Heard(), noise.estimated, SHORT)

        yield examined
        assert children() - before == {watchdog._process.pid}


def finding_named(diagnosis: Diagnosis, name: str) -> Finding:
    (found,) = [finding for finding in diagnosis.findings if finding.name == name]
    return found


def test_short_examination(examine: Callable[..., Diagnosis]) -> None:
    heard = Heard()
    diagnosis = examine(heard=heard)
    assert diagnosis.loop in ("compiled", "python")
    assert finding_named(diagnosis, "load generator").ok is (diagnosis.loop == "compiled")
    assert diagnosis.noise is not None
    assert diagnosis.noise.ratio_low <= diagnosis.noise.ratio <= diagnosis.noise.ratio_high
    assert diagnosis.noise.round_s > 2 * CONFIG.window.length(CLIENTS).counted_s
    assert diagnosis.noise.block_cost_s > 0
    assert heard.done == sorted(heard.done)
    assert heard.done[-1] <= SHORT.expected_s
    if findings.find_compiler() is None:
        assert diagnosis.ceiling is None
        return
    assert diagnosis.ceiling is not None
    assert [(point.clients, point.message_size) for point in diagnosis.ceiling] == [(3, 64), (2, 1024)]
    assert all(point.requests_per_second > 0 for point in diagnosis.ceiling)
    assert finding_named(diagnosis, "ceiling").ok


def test_without_a_compiler_the_ceiling_is_not_measured(
    examine: Callable[..., Diagnosis], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    diagnosis = examine()
    assert diagnosis.noise is not None
    assert diagnosis.ceiling is None
    assert finding_named(diagnosis, "ceiling").seen == "not measured: no C compiler; install gcc"


def test_compiler_that_fails_costs_the_ceiling_alone(
    examine: Callable[..., Diagnosis], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "false")
    diagnosis = examine()
    assert diagnosis.noise is not None
    assert diagnosis.ceiling is None
    assert "fails" in finding_named(diagnosis, "ceiling").seen


def test_server_that_does_not_start_is_told(examine: Callable[..., Diagnosis]) -> None:
    broken = CONFIG.strategies["epoll"].model_copy(update={"command": "{python} -c 'raise SystemExit(7)'"})
    diagnosis = examine(CONFIG.model_copy(update={"strategies": CONFIG.strategies | {"epoll": broken}}))
    assert diagnosis.noise is None
    assert "exited with 7" in finding_named(diagnosis, "measurement").seen


@pytest.mark.parametrize("moment", ["starting", "noise", "ceiling"])
def test_interrupt_leaves_nothing(examine: Callable[..., Diagnosis], moment: str) -> None:
    if moment == "ceiling" and findings.find_compiler() is None:
        pytest.skip("no C compiler")
    with pytest.raises(KeyboardInterrupt):
        examine(heard=Heard(interrupt_at=moment))


def test_visit_keeps_and_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doctor.visit(CONFIG, tmp_path / "results", noise.estimated, SHORT)
    record = json.loads((tmp_path / "results" / "doctor.json").read_text())
    said = capsys.readouterr().out
    assert all(finding["seen"].split()[0] in said for finding in record["findings"])
    assert doctor.ceiling_for(tmp_path / "results", record["loop"]) == record["ceiling"]
