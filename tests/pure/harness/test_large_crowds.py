"""Crowds larger than a backlog, and than a process's descriptors have room for twice."""

from pathlib import Path

import pytest

from harness import machine
from harness.config import Config, ConfigError, read
from harness.plan import plan, selection
from harness.plan.plan import Overrides, Plan
from tests.support.project import ROOT

CROWD = 10_000


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> Config:
    """On a machine such as this: descriptors for one crowd a process, and a backlog smaller than that."""
    monkeypatch.setattr(machine, "descriptor_limit", lambda: 20_000)
    monkeypatch.setattr(machine, "backlog_limit", lambda: 4096)
    monkeypatch.setattr(machine, "available_memory", lambda: 2**36)
    return read(ROOT / "bench.toml")


def made(config: Config, wanted: str = "epoll,poll,uvloop,twisted,gevent", **values: list[object]) -> Plan:
    return plan.make(config, selection.select(config, wanted), "quick", Overrides({"clients": [CROWD]} | values))


def test_a_crowd_needs_no_backlog_of_its_size(config: Config) -> None:
    assert made(config).backlog == 4096


def test_servers_take_a_large_crowd_one_at_a_time_and_the_plan_says_so(config: Config) -> None:
    planned = made(config)
    (waves,) = planned.waves.values()
    assert [len(wave) for wave in waves] == [1] * 5
    (said,) = [note for note in planned.notes if note.kind == "in-turn"]
    assert "one server at a time" in str(said)
    assert "not between neighbours" in str(said)


def test_where_all_are_connected_at_once_there_is_nothing_to_say(config: Config) -> None:
    assert [note for note in made(config, clients=[500]).notes if note.kind == "in-turn"] == []


def test_a_crowd_whose_connections_end_needs_the_backlog(config: Config) -> None:
    with pytest.raises(ConfigError, match=r"--clients: 10000 clients whose connections end .* 4096; raise net\.core"):
        made(config, requests_per_connection=[1])
    with pytest.raises(ConfigError, match="connections end"):
        made(config, service=["greet"])
    made(config, clients=[4096], service=["greet"])


def test_all_that_is_compared_must_have_room_at_once(config: Config) -> None:
    values = {"recv_sizes": [1024, 8192]}
    overrides = Overrides({"clients": [CROWD], **values}, along="recv_sizes")
    with pytest.raises(ConfigError, match="of 2 forms of a strategy need 20200 open files"):
        plan.make(config, selection.select(config, "epoll"), "quick", overrides)


def test_windows_of_a_large_crowd_grow_further(config: Config) -> None:
    window = config.window
    assert window.grown(100, 10.0) == window.counted_limit_s == 1.0
    assert window.grown(CROWD, 10.0) == 3.0
    assert window.grown(CROWD, 0.0) == 1.0
    assert window.durations(0.5, 1.0, CROWD)["drain_limit_s"] > window.durations(0.5, 1.0, 100)["drain_limit_s"]


def test_a_length_of_its_own_is_a_setting(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("[window]\nlengths = [{ clients = 1, head_s = 0.1, counted_s = 0.2, counted_limit_s = 0.7 }]\n")
    assert read(ROOT / "bench.toml", mine).window.grown(5, 10.0) == 0.7
