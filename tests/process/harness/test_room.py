"""What a plan knows of memory: messages in the load generator, connections of servers; what has no room is refused."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness import machine
from harness.config import ConfigError, read
from harness.plan import plan, selection, waves
from harness.plan.plan import Overrides, Plan
from tests.support.command_line import TINY, Case
from tests.support.project import CONFIG, ROOT

MIB, GIB = 2**20, 2**30


def made(wanted: str, **given: list[Any]) -> Plan:
    return plan.make(CONFIG, selection.select(CONFIG, wanted), "quick", Overrides(given))


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> int:
    """A machine with a GiB, of which a plan may take seven tenths, and buffers of usual sizes."""
    monkeypatch.setattr(machine, "available_memory", lambda: GIB)
    monkeypatch.setattr(machine, "socket_buffers", lambda: 20 * MIB)
    monkeypatch.setattr(machine, "all_socket_buffers", lambda: 100 * MIB)
    return GIB


def test_messages_are_the_same_for_all_servers() -> None:
    (group,) = made("epoll,poll", clients=[10], sizes=[MIB]).groups
    assert waves.memory_of_messages(group) == 2 * 10 * MIB


@pytest.mark.usefixtures("memory")
def test_what_is_on_the_way_is_bounded_by_message_connection_and_kernel() -> None:
    def of(**given: list[Any]) -> int:
        planned = made("epoll", **given)
        (group,) = planned.groups
        return waves.memory_of_servers(group, list(planned.entries[group].values()))

    own = int(CONFIG.strategies["epoll"].memory_per_client)
    assert of(clients=[10], sizes=[1024]) == 10 * (own + 2 * 1024)
    assert of(clients=[3], sizes=[16 * MIB]) == 3 * (own + 20 * MIB)
    assert of(clients=[10], sizes=[16 * MIB]) == 10 * own + 100 * MIB


@pytest.mark.usefixtures("memory")
def test_heavy_messages_make_waves() -> None:
    """20 MiB a server of 717, when the load generator has taken 200: a hundred of them at once, then fewer."""
    names = ",".join(["select", "poll", "epoll", "gevent", "asyncio", "uvloop"])
    light, heavy = (made(names, clients=[10], sizes=[size]) for size in (64, 10 * MIB))
    assert [len(wave) for wave in light.waves[light.groups[0]]] == [6]
    assert [len(wave) for wave in heavy.waves[heavy.groups[0]]] == [
        5,
        2,
    ]  # 517 MiB left, 100.6 for each; epoll is in both


@pytest.mark.usefixtures("memory")
def test_messages_without_room_are_refused_with_what_they_take() -> None:
    with pytest.raises(ConfigError) as refused:
        made("epoll", clients=[100], sizes=[64 * MIB])
    assert str(refused.value) == (
        "--clients, --sizes: 100 clients with messages of 64 MiB take 12.5 GiB of memory for the load generator's "
        "messages alone, and 0.7 GiB can be had here; take fewer clients or smaller messages"
    )


@pytest.mark.usefixtures("memory")
def test_a_strategy_without_room_is_refused_by_name() -> None:
    with pytest.raises(ConfigError) as refused:
        made("epoll,forking", clients=[1000])
    assert str(refused.value) == (
        "--clients: 1000 clients with messages of 64 B take 1.1 GiB of memory with forking alone, and 0.7 GiB can be "
        "had here; take fewer clients or smaller messages, or leave forking out"
    )
    assert made("epoll", clients=[1000])


@pytest.mark.usefixtures("memory")
def test_the_file_is_named_where_it_asks_for_them(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(TINY.replace("[2]", "[100], sizes = ['64MiB']"))
    config = read(ROOT / "bench.toml", tmp_path / "mine.toml")
    with pytest.raises(ConfigError, match=r"mine\.toml: 100 clients with messages of 64 MiB"):
        plan.make(config, selection.select(config, "epoll"), "tiny", Overrides())


# --- the command line: one line, exit code 2, nothing begun -------------------------------------------------------

CROWD = max(machine.available_memory() // (64 * MIB), 2)  # their two messages are twice the memory there is


def test_beyond_the_memory_of_this_machine(tmp_path: Path) -> None:
    refused(Case(f"--strategies epoll --clients {CROWD} --sizes 64MiB", ()), tmp_path, "--sizes", "64 MiB", "GiB")


def test_beyond_the_descriptors(tmp_path: Path) -> None:
    refused(Case("--strategies epoll --clients 5000", (), None, 4000), tmp_path, "--clients", "5000", "4000", "ulimit")


def refused(case: Case, tmp_path: Path, *says: str) -> None:
    ended = case.run(tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert [word for word in says if word not in line] == [], line
    assert not (tmp_path / "results").exists()


def test_a_bench_file_that_isn_t_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes("seed = 1\n# caf\u00e9\n".encode("latin-1"))
    command = [sys.executable, str(ROOT / "run_bench.py"), "--list", "--bench", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"run_bench.py: {path}: not UTF-8: byte 0xe9 in line 2; save the file as UTF-8\n"
