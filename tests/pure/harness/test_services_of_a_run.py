"""Who takes part where several services are asked for, and where connections stay."""

from pathlib import Path

import pytest

from harness.config import ConfigError, read
from harness.plan import plan, selection
from harness.plan.needs import missing
from harness.plan.plan import Overrides, Plan
from tests.support.project import CONFIG, OF_BYTES, ROOT

HTTP = [name for name, strategy in CONFIG.strategies.items() if strategy.family == "http"]


def made(wanted: str, profile: str = "http", **values: list[object]) -> Plan:
    found = selection.select(CONFIG, wanted)
    return plan.make(CONFIG, found, profile, Overrides(values), named=selection.named(wanted))


def test_all_are_those_that_serve_something_of_the_profile() -> None:
    assert list(made("all").strategies) == HTTP
    assert list(made("all", "quick").strategies) == list(OF_BYTES)


def test_a_group_has_those_that_offer_its_service() -> None:
    for group in made("all").groups:
        for name in made("all").members(group):
            assert group.service in CONFIG.strategies[name].services


def test_who_ends_connections_is_skipped_where_they_stay() -> None:
    planned = made("all")
    for group in planned.groups:
        unable = {name: why for name, why in planned.unable(group).items() if not missing(CONFIG.strategies[name])}
        if group["requests_per_connection"] == 1:
            assert unable == {}
        else:
            here = {name for name in ("wsgiref", "cgi", "gunicorn") if not missing(CONFIG.strategies[name])}
            assert set(unable) == here
            assert set(unable.values()) == {"ends a connection after each request, and here they last longer"}


@pytest.mark.parametrize(("carries", "requests", "is_able"), [(1, 1, True), (1, 2, False), (5, 5, True), (5, 0, False)])
def test_a_connection_may_end_as_early_as_the_matrix_says(
    carries: int, requests: int, is_able: bool, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text(
        f"[strategies]\nmine = {{ command = 'true', carries = {carries} }}\n"
        "[profiles.tiny]\nblocks = 2\nrounds = 1\n"
        f"matrix = [{{ service = ['echo'], clients = [1], requests_per_connection = [{requests}] }}]\n"
    )
    config = read(ROOT / "bench.toml", tmp_path / "mine.toml")
    found = plan.make(config, selection.select(config, "mine,epoll"), "tiny", Overrides())
    assert (found.members(found.groups[0]) == ["epoll", "mine"]) == is_able


def test_one_that_is_named_and_serves_nothing_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"^--strategies epoll: it offers echo, greet, log, not http or xmlrpc; leave"
    ):
        made("wsgiref,epoll")
    with pytest.raises(ConfigError, match=r"^--strategies wsgiref: it offers http, not echo; leave it out"):
        made("wsgiref,epoll", "quick")


def test_of_a_glob_those_are_taken_that_serve_something() -> None:
    assert list(made("twisted*").strategies) == ["twisted-web"]
    assert "twisted-web" not in made("twisted*", "quick").strategies
    with pytest.raises(
        ConfigError, match=r"^none of these strategies offers http or xmlrpc, they offer echo, greet, log; widen"
    ):
        made("asyncio*")


def test_the_profile_keeps_its_promise() -> None:
    planned = made("all")
    assert planned.expected_seconds <= 600
    assert planned.at_most_s is not None
    assert planned.at_most_s <= 600
    assert {group.clients for group in planned.groups} == {1, 100}
    assert {group["message_size"] for group in planned.groups} == {64, 16384}
    assert {group["requests_per_connection"] for group in planned.groups} == {0, 1}
    assert {group.service for group in planned.groups} == {"http", "xmlrpc"}
