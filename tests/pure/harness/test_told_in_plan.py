"""What a plan tells beforehand: who will be skipped, which values could be compared, how long handlers may take."""

import re
from pathlib import Path
from typing import Any

import pytest

from harness import terminal
from harness.config import Config, ConfigError, Strategy, read
from harness.hosts import Hosts
from harness.plan import attached, in_turn, plan, selection
from harness.plan.apart import axes_apart
from harness.plan.hosts import over
from harness.plan.needs import missing
from harness.plan.plan import Overrides, Plan
from tests.support.project import CONFIG, ROOT, STRATEGIES

TINY = "[profiles.tiny]\nblocks = 2\nrounds = 1\nmatrix = [{ service = ['echo'], clients = [50]%s }]\n%s"
ABSENT = "no_module_of_this_name"


def configured(folder: Path, axes: str = "", more: str = "") -> Config:
    (folder / "mine.toml").write_text(TINY % (axes, more))
    return read(ROOT / "bench.toml", folder / "mine.toml")


def planned(config: Config, wanted: str, **values: list[Any]) -> Plan:
    return plan.make(config, selection.select(config, wanted), "tiny", Overrides(values))


def said(made: Plan, capsys: pytest.CaptureFixture[str]) -> str:
    terminal.say_plan(made, 0.1)
    return " ".join(capsys.readouterr().out.split())


# --- who will be skipped -----------------------------------------------------------------------------------------


def test_who_cannot_wait_is_skipped_by_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = planned(configured(tmp_path, ", handlers = ['waits', 'blocks'], handler_times = ['1ms']"), "select,asyncio")
    why = "has no way to carry out a handler that waits"
    assert made.skipped == {why: ["select"]}
    assert [made.members(group) for group in made.groups] == [
        ["asyncio (waits, 1 ms)"], ["select (blocks, 1 ms)", "asyncio (blocks, 1 ms)"],
    ]  # fmt: skip
    assert f"Skipped: select: {why}" in said(made, capsys)


def test_a_library_that_isnt_there_is_said_with_what_installs_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = f"[strategies]\nmine = {{ command = 'true', needs = {{ json = 'make it', {ABSENT} = 'make it' }} }}\n"
    made = planned(configured(tmp_path, more=mine), "mine,epoll")
    why = f"needs {ABSENT}, which isn't installed: make it"
    assert made.skipped == {why: ["mine"]}
    assert made.members(made.groups[0]) == ["epoll"]
    assert f"Skipped: mine: {why}" in said(made, capsys)
    with pytest.raises(ConfigError, match="none of these strategies can take part: needs no_module"):
        planned(configured(tmp_path, more=mine), "mine")


def test_another_interpreter_may_have_what_this_one_lacks() -> None:
    needs = {ABSENT: "make it"}
    assert missing(Strategy(command="true", needs=needs))
    assert missing(Strategy(command="true", needs=needs, python="/usr/bin/another")) == ""


def test_what_make_http_brings_is_named_by_those_that_need_it() -> None:
    needing = {name for name, strategy in STRATEGIES.items() if "make http" in strategy.needs.values()}
    started = {name for name, strategy in STRATEGIES.items() if "servers.http.program" in strategy.command}
    assert needing == started | {"aiohttp", "cheroot"}


def test_who_serves_nothing_of_a_profile_is_shown_the_way() -> None:
    with pytest.raises(ConfigError) as refused:
        plan.make(CONFIG, selection.select(CONFIG, "gunicorn*"), "quick", Overrides())
    assert str(refused.value) == (
        "none of these strategies offers echo, they offer http; widen --strategies, or choose --service http, or "
        "--profile http"
    )


# --- what could be compared --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("axes", "apart"),
    [
        ("", []),
        (", recv_sizes = [64, 1024]", ["recv_sizes"]),
        (", recv_sizes = [64, 1024], along = 'recv_sizes'", []),
        (", handlers = ['blocks'], handler_times = ['1ms', '2ms'], company = ['idle'], company_sizes = [1, 2]",
         ["handler_times", "company_sizes"]),
        (", handlers = ['none', 'blocks'], handler_times = ['1ms']", []),  # those differ in more than a time
        (", sizes = [64, 1024]", []),  # which can't be compared so
    ],
)  # fmt: skip
def test_values_in_groups_of_their_own_could_be_compared(
    tmp_path: Path, axes: str, apart: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    made = planned(configured(tmp_path, axes), "epoll")
    assert [axis.key for axis in axes_apart(made.groups)] == apart
    told = said(made, capsys)
    assert ("--along" in told) == bool(apart)
    for key in apart:
        assert f"--along {key.replace('_', '-')}" in told


# --- how long it may take ----------------------------------------------------------------------------------------


def test_handlers_that_hold_up_others_make_longer_windows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = planned(configured(tmp_path, ", handlers = ['blocks'], handler_times = ['5ms']"), "select")
    (group,) = made.groups
    grown_s = 1.0 - 0.1  # 50 clients wait 250 ms, and a window counts a second at most, where 100 ms are usual
    drain_s = 0.25 - 0.005
    more_s = in_turn.block_seconds(made, group) - made.group_seconds(group)
    assert more_s == pytest.approx((grown_s + drain_s) * made.rounds_of(group))
    assert in_turn.run_seconds(made) == pytest.approx(made.expected_seconds + 2 * more_s)
    assert f"{made.group_seconds(group):.1f} to {in_turn.block_seconds(made, group):.1f} s" in said(made, capsys)
    assert "where servers carry out one handler at a time" in said(made, capsys)


@pytest.mark.parametrize(
    "axes",
    ["", ", handlers = ['waits'], handler_times = ['5ms']",
     ", handlers = ['blocks'], handler_times = ['5ms'], handler_of = ['one']"],
)  # fmt: skip
def test_others_last_as_long_as_expected(tmp_path: Path, axes: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = planned(configured(tmp_path, axes), "asyncio")
    assert in_turn.run_seconds(made) == made.expected_seconds
    assert "one handler at a time" not in said(made, capsys)


# --- whose servers, and where the load comes from ------------------------------------------------------------------


def test_only_servers_that_are_started_are_called_fresh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And only their CPUs are known."""
    config = configured(tmp_path, more="[strategies]\nweb = { attach = '127.0.0.1:9' }\n")
    cpus = f"servers on CPU {', '.join(map(str, planned(config, 'epoll').server_cpus))}, load"
    for wanted, fresh, on in (
        ("epoll", "blocks of fresh servers, 1 round", cpus),
        ("epoll,web", "blocks of fresh servers (but web@attached, the same in each), 1 round", cpus),
        ("web", "blocks of servers that run already, the same in each, 1 round", "servers on CPUs that aren't known, "),
    ):
        found = attached.found(config, selection.select(config, wanted), allow_remote=False)
        made = plan.make(config, {one.label: one for one in found.values()}, "tiny", Overrides())
        told = said(made, capsys)
        assert fresh in told
        assert on in told
        assert any(note.kind == "shared-cpu" for note in made.notes) is (wanted != "web" and cpus_are_shared(made))


def cpus_are_shared(made: Plan) -> bool:
    return not set(made.server_cpus).isdisjoint(made.loader_cpus)


def test_a_load_of_other_hosts_isnt_said_to_be_on_cpus_of_this_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = plan.make(configured(tmp_path), selection.select(CONFIG, "epoll"), "tiny", Overrides(), workers=2)
    for elsewhere, says in (
        (0, "load generator on CPU [0-9, ]+ \\(2 processes\\)"),
        (1, "load generator on CPU [0-9, ]+ \\(2 processes, 1 of them on other hosts\\)"),
        (2, "load generator on other hosts \\(2 processes; the one that orders them on CPU [0-9, ]+\\)"),
    ):
        address = "192.0.2.1" if elsewhere else "127.0.0.1"
        assert re.search(says, said(over(made, Hosts(elsewhere, address)), capsys))
