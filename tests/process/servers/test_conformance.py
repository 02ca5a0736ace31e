"""Every strategy of bench.toml, in every service it offers, against every case; and the suite itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.config import Strategy
from harness.conformance import cases, client
from harness.conformance.cases import Case
from harness.conformance.client import Target
from harness.processes.server import Server, ServerFailed
from tests.support.project import ROOT, STRATEGIES


class Served:
    """One server for all the cases of a strategy and service, started anew when a case has killed it."""

    def __init__(self, strategy: Strategy, service: str, logs: Path) -> None:
        self._strategy, self._service, self._logs = strategy, service, logs
        self.server = self._start()

    def target(self) -> Target:
        try:
            self.server.raise_if_dead()
        except ServerFailed:
            self.server = self._start()
        return Target(self.server.host, self.server.port, self._strategy.serves)

    def said(self) -> str:
        return (self._logs / f"{self._strategy.name}.err").read_text()

    def _start(self) -> Server:
        settings = {"service": self._service, "recv_size": 65536}
        server = Server.start(self._strategy.name, self._strategy, settings, logs=self._logs)
        try:
            server.wait_ready(10)
        except ServerFailed as failure:
            server.stop()
            if failure.skipped:
                pytest.skip(str(failure))
            raise
        return server


@pytest.fixture(scope="module")
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    name, service = request.param
    served = Served(STRATEGIES[name], service, tmp_path_factory.mktemp(f"{name}-{service}"))
    yield served
    assert served.server.stop().problems == []
    assert served.said() == "", "clients' misdeeds are no news"


def offering(service: str) -> pytest.MarkDecorator:
    """One server for each strategy that offers the service; all its cases run while that server lives."""
    names = [name for name, strategy in STRATEGIES.items() if service in strategy.services]
    return pytest.mark.parametrize(
        "served", [(name, service) for name in names], ids=names, indirect=True, scope="module"
    )


def each_case_of(service: str) -> pytest.MarkDecorator:
    tried = cases.of_service(service)
    return pytest.mark.parametrize("case", tried, ids=[case.name for case in tried])


@offering("echo")
@each_case_of("echo")
def test_echo(served: Served, case: Case) -> None:
    case.run(served.target())


@offering("greet")
@each_case_of("greet")
def test_greet(served: Served, case: Case) -> None:
    case.run(served.target())


@offering("log")
@each_case_of("log")
def test_log(served: Served, case: Case) -> None:
    case.run(served.target())


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
    monkeypatch.setattr(client, "DEADLINE_S", 0.25)  # some of the flaws are hangs
    server = start(fake(flaw))
    failures = cases.failures(Target(server.host, server.port), service)
    assert any(line.startswith(f"{caught_by}: expected ") for line in failures), failures


def test_fake_without_a_flaw_conforms(start: Callable[..., Server]) -> None:
    server = start(fake("Sound"))
    assert cases.failures(Target(server.host, server.port), "echo") == []


def test_absent_server_fails_every_case(start: Callable[..., Server]) -> None:
    server = start(fake("Sound"))
    server.stop()
    failures = cases.failures(Target(server.host, server.port), "echo")
    assert len(failures) == len(cases.of_service("echo"))
    assert failures[0] == "one-message: expected an open port, saw connection refused"


def test_server_that_hangs_is_given_up(start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "DEADLINE_S", 0.2)
    server = start(fake("Hangs"))
    failures = cases.failures(Target(server.host, server.port), "echo")
    assert len(failures) == 3
    assert failures[-1] == "the rest: not tried, as it does not answer"


def test_cases_are_described() -> None:
    for service in cases.SUITES:
        names = [case.name for case in cases.of_service(service)]
        assert len(set(names)) == len(names)
        assert all(case.description.endswith(".") for case in cases.of_service(service))


def fake(flaw: str) -> Strategy:
    return Strategy(command=f"{{python}} tests/support/misbehaving/nonconforming.py {flaw}", name=flaw, cwd=ROOT)
