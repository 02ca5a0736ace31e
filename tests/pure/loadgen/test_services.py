"""A service is three files of one name, which agree on what is said."""

from pathlib import Path

import pytest

import axes
from harness.conformance import cases, greet
from harness.conformance import http as conformance_http
from loadgen.exchanges import EXCHANGES
from loadgen.exchanges.http import Http
from servers.services import SERVICES
from servers.services import http as servers_http
from tests.support.project import ROOT

NAMES = sorted(EXCHANGES)
OF_BYTES = sorted(SERVICES)  # the others are spoken by libraries


def files(folder: str) -> set[str]:
    return {path.stem for path in (ROOT / folder).glob("*.py")}


def test_each_service_has_its_three_files_and_its_place_on_the_axis() -> None:
    assert files("servers/services") - {"__init__", "conversation"} == set(NAMES)
    assert files("loadgen/exchanges") - {"__init__", "exchange", "http_reply", "over_http"} == set(NAMES)
    assert set(OF_BYTES) == set(axes.BYTES)
    assert files("harness/conformance") - {
        "__init__",
        "addresses",
        "cases",
        "client",
        "datagrams",
        "delayed_ack",
        "handlers",
        "http_reply",
        "reached",
        "standstill",
        "suite",
    } == set(NAMES)
    assert sorted(EXCHANGES) == sorted(cases.SUITES) == sorted(axes.AXES["service"].choices or ()) == NAMES
    told = (ROOT / "servers/README.md").read_text()
    assert all(f"* `{name}`: " in told for name in NAMES)


@pytest.mark.parametrize("name", OF_BYTES)
@pytest.mark.parametrize("cut", [1, 7, 1000])
def test_what_the_server_says_is_what_the_loader_expects(name: str, cut: int) -> None:
    exchange = EXCHANGES[name](message_size=64)
    for message, reply in exchange.requests(12):
        conversation = SERVICES[name]()
        said = conversation.opening
        for start in range(0, len(message), cut):
            said += conversation.received(message[start : start + cut])
        if exchange.half_closes:
            said += conversation.finished()
        assert said == reply
        assert len(reply) == exchange.reply_size
    assert SERVICES[name].hangs_up == (exchange.server_closes and not exchange.half_closes)


def test_greeting_is_the_same_wherever_it_stands() -> None:
    assert SERVICES["greet"].opening == greet.GREETING


def test_messages_of_other_clients_and_of_the_next_turn_are_others() -> None:
    exchange = EXCHANGES["echo"](message_size=11)
    said = [request.message for name in (1, 2, 10) for request in exchange.requests(name)]
    assert len(set(said)) == 6
    assert {len(message) for message in said} == {11}


def test_help_of_a_server_has_what_each_service_does() -> None:
    """The first line of a service's file starts with its name, as `--help` shows it."""
    for name in NAMES:
        first = Path(ROOT / "servers/services" / f"{name}.py").read_text().splitlines()[0]
        assert first.startswith(f'"""{name}: ')
    for name, service in SERVICES.items():
        assert service.__module__ == f"servers.services.{name}"


@pytest.mark.parametrize("size", [0, 1, 11, 64, 16384, 2**20 + 3])
def test_what_is_at_a_target_is_the_same_wherever_it_stands(size: int) -> None:
    said = servers_http.content(f"/{size}?00000012a")
    assert said == Http(message_size=size).content == conformance_http.content(size)
    assert said is not None
    assert len(said) == size


@pytest.mark.parametrize(
    "target", ["/", "/x", "/-1", "/64/", "/6 4", "/٦٤", f"/{servers_http.LARGEST + 1}", "/" + "9" * 5000]
)
def test_nothing_is_at_other_targets(target: str) -> None:
    assert servers_http.content(target) is None
