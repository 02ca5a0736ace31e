"""Every strategy of bench.toml conforms in every service that it offers: the check itself is run, as `check` does."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.config import SERVICES
from harness.conformance import suite
from harness.conformance.suite import Conformance
from harness.processes.watchdog import Watchdog
from tests.support.project import CONFIG, STRATEGIES


class Examined(NamedTuple):
    found: Mapping[str, Conformance]
    logs: Path


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> Examined:
    """All of them at once: several servers are tried side by side, which takes a fraction of the time."""
    logs = tmp_path_factory.mktemp("logs")
    with Watchdog() as watchdog:
        found = suite.examine(CONFIG, STRATEGIES, list(SERVICES), logs, watchdog, lambda done, what: None)
    return Examined(found, logs)


@pytest.mark.parametrize("name", STRATEGIES)
def test_it_conforms(examined: Examined, name: str) -> None:
    absent = examined.found[name].absent
    if absent is not None and absent.skipped:
        pytest.skip(str(absent))
    assert examined.found[name].reason == ""


@pytest.mark.parametrize("name", STRATEGIES)
def test_clients_misdeeds_are_no_news(examined: Examined, name: str) -> None:
    if examined.found[name].absent is not None:
        pytest.skip("it did not run")
    said = {path.parent.name.removesuffix("-tcp"): path.read_text() for path in examined.logs.glob(f"*/{name}.err")}
    assert said == dict.fromkeys(STRATEGIES[name].services, "")
