"""What connections take in memory, read of real servers: by design known of some, and not by their company."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.config import read
from harness.plan import plan
from harness.plan.plan import Overrides, Plan
from harness.processes.stage import Stage
from harness.processes.watchdog import Watchdog
from harness.recorder import Recorder
from harness.run.crowds import Crowds
from harness.run.fleet import Fleet
from harness.run.loading import Loading
from harness.run.progress import Progress
from harness.run.standstill import Standstill
from tests.support.project import ROOT

CROWDS = (100, 250)
BUFFER_KIB = 64  # that asyncio-buffered has for each connection


class Met:
    """Fresh servers in a block of a plan, and a loader that connects crowds to them."""

    def __init__(self, plan: Plan, recorder: Recorder, stage: Stage, said: list[str]) -> None:
        self.plan = plan
        self.stage = stage
        self.said = said
        self.fleet = Fleet(stage, plan, recorder, {})
        self.loading = Loading(stage, plan, recorder)
        progress = Progress(plan, lambda done, what, group: said.append(what))
        self.crowds = Crowds(plan, self.fleet, self.loading, Standstill(self.fleet, recorder), progress)

    def come(self, block: int = 0) -> dict[tuple[str, int], float | None]:
        """KiB that a connection takes, by server and crowd."""
        wanted = {group: self.plan.members(group) for group in reversed(self.plan.groups)}
        self.crowds.come("echo", wanted, block)
        return {(key, group.clients): self._slope_kib(group, key) for group, keys in wanted.items() for key in keys}

    def _slope_kib(self, group: plan.Group, key: str) -> float | None:
        one, crowd = self.crowds.told(group, key).values()
        return None if one is None or crowd is None else (crowd - one) / (group.clients - 1) / 1024


@pytest.fixture
def met(tmp_path: Path, watchdog: Watchdog) -> Iterator[Callable[..., Met]]:
    with ExitStack() as stack:

        def meet(wanted: str, clients: tuple[int, ...] = CROWDS, sizes: str = "[64]", **forced: object) -> Met:
            (tmp_path / "mine.toml").write_text(
                f'[profiles.tiny]\nblocks = 2\nrounds = 1\nmatrix = [{{ service = ["echo"], clients = {list(clients)}, '
                f"sizes = {sizes} }}]\n"
            )
            config = read(ROOT / "bench.toml", tmp_path / "mine.toml")
            strategies = {label: one.model_copy(update=forced) for label, one in plan.select(config, wanted).items()}
            made = plan.make(config, strategies, "tiny", Overrides())
            recorder = Recorder(tmp_path / "results", made, ["test"])
            stack.callback(recorder.finish, "complete")
            stage = stack.enter_context(Stage(config, watchdog, recorder.logs, backlog=made.backlog))
            found = Met(made, recorder, stage, [])
            stack.enter_context(found.fleet.started(made.servers(made.groups), "echo", 0))
            return found

        yield meet


@pytest.mark.parametrize("order", [CROWDS, CROWDS[::-1]])
def test_a_connection_takes_what_it_has_by_design_in_any_order_of_groups(
    met: Callable[..., Met], order: tuple[int, ...]
) -> None:
    there = met("asyncio-buffered,epoll", order)
    found = there.come()
    for clients in CROWDS:
        buffered, plain = found["asyncio-buffered", clients], found["epoll", clients]
        assert buffered is not None
        assert BUFFER_KIB <= buffered <= BUFFER_KIB + 10
        assert plain is not None
        assert -1 <= plain < BUFFER_KIB / 4
    assert set(there.said) == {"block 1/2: memory of connections"}
    assert not there.loading.is_connected


def test_forked_children_take_the_same_in_any_company(met: Callable[..., Met]) -> None:
    """The pages of Python's files are divided among all who use them; a connection's memory is not."""
    alone = met("forking", (100,)).come()["forking", 100]
    beside = met("forking,forking-bare,threading,epoll", (100,)).come()["forking", 100]
    assert alone is not None
    assert alone > 500
    assert beside == pytest.approx(alone, rel=0.05)


def test_a_server_that_had_a_larger_crowd_is_not_read(met: Callable[..., Met]) -> None:
    there = met("epoll")
    small, large = there.plan.groups
    there.loading.connect(small.at(clients=150), ["epoll"])
    there.loading.disconnect()
    assert set(there.come().values()) == {None}
    assert there.crowds.told(small, "epoll") == {"one_client_bytes": None, "crowd_bytes": None}
    assert there.crowds.told(large, "epoll")["crowd_bytes"] is not None


def test_a_server_that_had_other_messages_is_not_read(met: Callable[..., Met]) -> None:
    there = met("epoll", (100,))
    (group,) = there.plan.groups
    there.loading.connect(group.at(clients=1, message_size=1024), ["epoll"])
    there.loading.disconnect()
    assert there.come() == {("epoll", 100): None}
    assert there.crowds.told(group, "epoll")["crowd_bytes"] is None


def test_sizes_take_turns(met: Callable[..., Met]) -> None:
    there = met("epoll", (100,), '[64, "1KiB"]')
    first, second = there.plan.groups
    there.come(block=0)
    assert (there.crowds.has(first), there.crowds.has(second)) == (True, False)
    assert there.crowds.told(second, "epoll") == {"one_client_bytes": None, "crowd_bytes": None}
    there.come(block=9)
    assert there.crowds.told(first, "epoll") == {"one_client_bytes": None, "crowd_bytes": None}


def test_clients_that_are_not_served_take_nothing_and_so_tell_nothing(met: Callable[..., Met]) -> None:
    there = met("blocking,epoll", (100,), serves=None)
    assert there.come()["blocking", 100] is None
    assert there.crowds.told(there.plan.groups[0], "blocking")["one_client_bytes"] is not None


def test_a_server_that_dies_in_a_crowd_is_out_of_the_block(met: Callable[..., Met]) -> None:
    there = met("epoll,poll", (100,))
    there.stage.servers["poll"]._process.kill()
    found = there.come()
    assert found["poll", 100] is None
    assert found["epoll", 100] is not None
    assert "SIGKILL" in str(there.fleet.group_begins(["epoll", "poll"])["poll"])


def test_a_loader_that_fails_costs_the_readings_alone(met: Callable[..., Met]) -> None:
    there = met("epoll", (100,))
    there.loading.ensure()
    os.killpg(there.stage.loader.pid, signal.SIGKILL)
    assert there.come() == {("epoll", 100): None}
    (group,) = there.plan.groups
    assert there.loading.connect(group, ["epoll"])["epoll"]["answered"] == 100
