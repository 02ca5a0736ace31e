"""Handlers as axes: what a matrix may say of them, what servers are told, how long windows are."""

from dataclasses import replace
from pathlib import Path

import pytest

import axes
from commands import values
from harness.config import Config, ConfigError, read
from harness.plan import plan, selection
from harness.plan.plan import Overrides, Plan
from harness.processes.calibration import Calibration, settings
from harness.run.experience import Known
from harness.run.rounds import Visit, rounds_for
from tests.support.project import ROOT

PROFILE = """
[profiles.tiny]
blocks = 2
rounds = 3
matrix = [{ service = [%s], clients = [10], sizes = [64]%s }]
[strategies]
mine = "true {port}"
"""
BLOCKS = ', handlers = ["blocks"], handler_times = ["1ms", "100us"]'


def configured(folder: Path, more: str = "", services: str = '"echo"') -> Config:
    (folder / "mine.toml").write_text(PROFILE % (services, more))
    return read(ROOT / "bench.toml", folder / "mine.toml")


def planned(folder: Path, more: str = "", given: Overrides | None = None, which: str = "epoll,mine") -> Plan:
    config = configured(folder, more)
    return plan.make(config, selection.select(config, which), "tiny", given or Overrides())


def test_without_a_handler_nothing_is_told_of_it(tmp_path: Path) -> None:
    made = planned(tmp_path)
    entry = made.servers(made.groups)["epoll"]
    assert (entry.settings["handler"], entry.settings["handler_us"], entry.settings["iterations"]) == ("none", 0, 0)
    assert axes.told(entry.settings) == {"service": "echo", "recv_size": 65536}


def test_times_along_are_members_of_one_group(tmp_path: Path) -> None:
    made = planned(tmp_path, BLOCKS + ', along = "handler_times"', which="epoll")
    (group,) = made.groups
    assert str(group) == "echo, 10 clients, 64 B, the handler blocks, 100 µs | 1 ms"
    assert made.members(group) == ["epoll (blocks, 100 µs)", "epoll (blocks, 1 ms)"]
    entry = made.entries[group]["epoll (blocks, 1 ms)"]
    assert axes.told(entry.settings) == {"service": "echo", "recv_size": 65536, "handler": "blocks", "handler_us": 1000}


def test_times_apart_are_groups_and_nothing_has_one_without_a_handler(tmp_path: Path) -> None:
    more = ', handlers = ["none", "waits"], handler_times = ["5ms"], handler_of = ["all", "one"]'
    made = planned(tmp_path, more, which="asyncio")
    assert [str(group).removeprefix("echo, 10 clients, 64 B") for group in made.groups] == [
        "",
        ", the handler waits 5 ms",
        ", the handler waits 5 ms for one of them",
    ]
    assert len({name for group in made.groups for name in made.members(group)}) == 3  # servers of their own


def test_a_command_without_a_place_for_it_has_no_handler(tmp_path: Path) -> None:
    made = planned(tmp_path, BLOCKS)
    assert made.skipped == {"has no handler: its command has no {handler}": ["mine"]}
    assert planned(tmp_path).skipped == {}


def test_iterations_are_the_same_for_every_server(tmp_path: Path) -> None:
    made = planned(tmp_path, ', handlers = ["computes"], handler_times = ["2ms"]', which="epoll,select")
    told = {settings(entry.settings, Calibration(12_345.6, 1, 2))["iterations"]
            for entry in made.servers(made.groups).values()}  # fmt: skip
    assert told == {24_691}
    assert settings({"handler": "blocks", "handler_us": 2000}, Calibration(12_345.6, 1, 2))["iterations"] == 0


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (', handlers = ["blocks"]', "blocks takes a time; give handler_times"),
        (', handler_times = ["1ms"]', "handler_times: there is no handler"),
        (', handler_of = ["one"]', "handler_of: there is no handler"),
        (', handlers = ["none"], handler_of = ["one", "all"]', "handler_of: there is no handler"),
        (', handlers = ["none", "blocks"], handler_times = ["1ms"], along = "handlers"', 'handlers": has no order'),
        (', handlers = ["blocks"], handler_times = ["0ms"]', "a handler takes 1us to 2s"),
        (', handlers = ["blocks"], handler_times = ["3s"]', "a handler takes 1us to 2s"),
        (', handlers = ["blocks"], handler_times = ["-1ms"]', "write it with its unit"),
        (', handlers = ["blocks"], handler_times = ["1h"]', "write it with its unit"),
        (', handlers = ["blocks"], handler_times = [5]', "write it with its unit"),
        (', handlers = ["blocks"], handler_times = ["5"]', "write it with its unit"),
        (', handlers = ["sleeps"], handler_times = ["1ms"]', 'write "none", "waits", "blocks" or "computes"'),
        (', handlers = ["blocks"], handler_times = ["1ms"], along = "handler_times"', "fewer than two"),
    ],
)
def test_bad_handlers_are_one_line(tmp_path: Path, more: str, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        configured(tmp_path, more)
    assert says in str(error.value)
    assert str(tmp_path / "mine.toml") in str(error.value)
    assert "\n" not in str(error.value)


def test_a_service_without_requests_has_no_handler(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="service log has no message that is answered"):
        configured(tmp_path, BLOCKS, '"echo", "log"')


def test_the_command_line_is_held_to_the_same(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--handlers: blocks takes a time"):
        planned(tmp_path, given=Overrides({"handlers": ["blocks"]}))
    made = planned(tmp_path, given=Overrides({"handlers": ["blocks"], "handler_times": [values.time("5ms")]}))
    assert made.groups[0]["handler_us"] == 5000


def first_visit(made: Plan, name: str) -> Visit:
    known: Known = {}
    ((visit,),) = next(rounds_for(replace(made, rounds=1), made.groups[0], known).rounds(lambda: [name], 0))
    return visit


def test_a_window_lasts_some_times_the_handler_and_waits_for_those_in_turn(tmp_path: Path) -> None:
    more = ', handlers = ["blocks"], handler_times = ["20ms", "200ms"], along = "handler_times"'
    made = planned(tmp_path, more, which="epoll")
    lengths = first_visit(made, "epoll (blocks, 20 ms)").lengths
    assert lengths["counted_s"] == pytest.approx(0.4)  # 20 times
    assert (lengths["head_s"], lengths["stagger_s"]) == (0.02, 0.02)
    assert lengths["drain_limit_s"] == 0.5  # ten clients in turn take less
    lengths = first_visit(made, "epoll (blocks, 200 ms)").lengths
    assert (lengths["counted_s"], lengths["head_s"], lengths["drain_limit_s"]) == (pytest.approx(1.2), 0.2, 3.0)


def test_the_plan_expects_what_the_windows_last(tmp_path: Path) -> None:
    made = planned(tmp_path, ', handlers = ["waits"], handler_times = ["20ms", "200ms"], along = "handler_times"',
                   which="asyncio")  # fmt: skip
    (group,) = made.groups
    short, long = (made.window_seconds(group, f"asyncio (waits, {time})") for time in ("20 ms", "200 ms"))
    assert short == pytest.approx(0.02 + 0.4 + 0.02, abs=0.02)
    assert long == pytest.approx(0.2 + 1.2 + 0.2, abs=0.02)
    assert made.windows_seconds == pytest.approx(2 * 3.2 * (short + long))


def test_a_window_without_a_handler_is_as_it_was(tmp_path: Path) -> None:
    lengths = first_visit(planned(tmp_path), "epoll").lengths
    assert lengths == {
        "head_s": 0.02,
        "counted_s": 0.1,
        "drain_limit_s": 0.5,
        "request_timeout_s": 5.0,
        "lost_after_s": 0.2,
        "stagger_s": 0,
    }
