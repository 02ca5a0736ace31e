"""A server that dies after its last window: that is its own end, told as what it is, and no figure is made of it."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from harness import notes
from harness.notes import Note
from harness.processes import server
from harness.processes.server import ServerFailed
from tests.support.met import Met

DEADLINE_S = 10
ROUNDS = 2
NAMES = ["epoll", "poll", "select"]
DEATH = "killed by SIGKILL"


@pytest.fixture(params=["before its footprint", "after it"])
def outlived(request: pytest.FixtureRequest, met: Callable[..., Met], monkeypatch: pytest.MonkeyPatch) -> Met:
    """A group that was measured, whose `poll` was killed after all of its windows."""
    there = met(",".join(NAMES), (3,))
    (group,) = there.plan.groups
    room, step = (
        (there.standstill, "watch") if request.param == "before its footprint" else (there.loading, "disconnect")
    )
    usual: Callable[..., Any] = getattr(room, step)

    def after_its_death(*given: Any) -> Any:
        process = there.fleet.server("poll")._process
        process.kill()
        process.wait(DEADLINE_S)
        return usual(*given)

    monkeypatch.setattr(room, step, after_its_death)
    there.interleaving.measure(group, NAMES, 0, ROUNDS)
    return there


def rows(there: Met, kind: str) -> list[dict[str, Any]]:
    lines = (there.recorder.folder / "windows.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["kind"] == kind]


def test_it_is_the_fault_of_nobody_and_its_windows_count(outlived: Met) -> None:
    """It is out of the block, which is said once, and what it held then is nobody's."""
    assert rows(outlived, "failure") == []
    windows = [row["strategy"] for row in rows(outlived, "window")]
    assert {name: windows.count(name) for name in NAMES} == dict.fromkeys(NAMES, ROUNDS)
    run = json.loads((outlived.recorder.folder / "run.json").read_text())
    assert [Note(**note) for note in run["notes"]] == [*outlived.plan.notes, notes.bad_end("poll", DEATH)]
    assert {key: str(why) for key, why in outlived.fleet.group_begins(NAMES).items()} == {"poll": DEATH}
    assert outlived.fleet.taking_part(NAMES) == ["epoll", "select"]
    told = {row["strategy"]: row for row in rows(outlived, "footprint")}
    assert {"epoll", "select"} <= told.keys()
    for row in told.values():
        assert min(row["user_s"] or 0, row["system_s"] or 0, row["put_off_cpu_s"], row["voluntary_switches"] or 0) >= 0


def test_one_that_fails_as_it_dies_is_given_up_for_its_death(
    met: Callable[..., Met], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its clients see the end of their connections before its own end can be seen."""
    monkeypatch.setattr(server, "FAREWELL_S", DEADLINE_S)
    fleet = met(",".join(NAMES), (3,)).fleet
    threading.Timer(0.1, fleet.server("poll")._process.kill).start()
    assert str(fleet.gives_up("poll", ServerFailed("answers nobody"))) == DEATH
