"""The conformance suite itself: each flaw is caught by its case, and what is sound passes."""

from collections.abc import Callable

import pytest

from harness.config import Strategy
from harness.conformance import cases, client
from harness.conformance.client import Target
from harness.processes.endpoint import Endpoint
from harness.processes.server import Server
from tests.support.project import ROOT


@pytest.mark.parametrize(
    ("flaw", "service", "caught_by"),
    [
        ("CrossesReplies", "echo", "never-crossed"),
        ("DropsAByte", "echo", "huge-message"),
        ("BuffersWithoutBound", "echo", "never-reads"),
        ("DiesOnReset", "echo", "reset"),
        ("ForgetsAtHalfClose", "echo", "half-close"),
        ("NeverCloses", "echo", "half-close"),
        ("Hangs", "echo", "one-message"),
        ("Stutters", "echo", "half-close"),
        ("SilencesOthers", "echo", "silent-client"),
        ("GreetsWrongly", "greet", "one"),
        ("GreetsAndStays", "greet", "one"),
        ("Miscounts", "log", "one-message"),
    ],
)
def test_flaw_is_caught(
    start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, flaw: str, service: str, caught_by: str
) -> None:
    monkeypatch.setattr(client, "DEADLINE_S", 1.0)  # most of the flaws are hangs, and two others end it
    server = start(fake(flaw))
    failures = cases.failures(Target(server.endpoint), service)
    assert any(line.startswith(f"{caught_by}: expected ") for line in failures), failures


def test_fake_without_a_flaw_conforms(start: Callable[..., Server]) -> None:
    server = start(fake("Sound"))
    assert cases.failures(Target(server.endpoint), "echo") == []


def test_absent_server_fails_every_case(start: Callable[..., Server]) -> None:
    server = start(fake("Sound"))
    server.stop()
    failures = cases.failures(Target(server.endpoint), "echo")
    assert len(failures) == len(cases.of_service("echo", server.endpoint))
    assert failures[0] == "one-message: expected an open port, saw connection refused"


def test_server_that_hangs_is_given_up(start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "DEADLINE_S", 0.2)
    server = start(fake("Hangs"))
    failures = cases.failures(Target(server.endpoint), "echo")
    assert len(failures) == 3
    assert failures[-1] == "the rest: not tried, as it does not answer"


def test_cases_are_described() -> None:
    for service in cases.SUITES:
        names = [case.name for case in cases.of_service(service, Endpoint("127.0.0.1"))]
        assert len(set(names)) == len(names)
        assert all(case.description.endswith(".") for case in cases.of_service(service, Endpoint("127.0.0.1")))


def fake(flaw: str) -> Strategy:
    return Strategy(command=f"{{python}} tests/support/misbehaving/nonconforming.py {flaw}", name=flaw, cwd=ROOT)
