"""A run with limits passes or fails by them, in its exit code, its words, its JUnit file and its page."""

from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from tests.support.bench import MISBEHAVE, Bench

SERVERS = {"sound": f"{MISBEHAVE} sound"}


@pytest.mark.parametrize(("limits", "code"), [(("errors<1%", "errors<0.5%"), 0), (("errors<1%", "p50<1us"), 1)])
def test_a_run_ends_as_its_limits_say(bench: Callable[..., Bench], limits: tuple[str, str], code: int) -> None:
    options = [word for limit in limits for word in ("--require", limit)]
    running = bench(SERVERS, "--strategies", "sound", "--profile", "tiny", *options, draws=True)
    assert running.ended() == code, running.output
    assert running.described["requirements"] == list(limits)
    assert f"Required: {2 - code} of 2 limits are kept." in running.output
    suite = ElementTree.parse(running.folder / "requirements.junit.xml").find("testsuite")
    assert suite is not None
    assert int(suite.get("failures", "")) + int(suite.get("errors", "")) == code
    assert ("not all are kept" in (running.folder / "report.html").read_text()) == bool(code)


def test_an_undecided_limit_fails_the_run(bench: Callable[..., Bench]) -> None:
    """Of so few requests there is no p99.9."""
    running = bench(SERVERS, "--strategies", "sound", "--profile", "tiny", "--require", "p999<1s")
    assert running.ended() == 1, running.output
    assert "can't be decided" in running.output
