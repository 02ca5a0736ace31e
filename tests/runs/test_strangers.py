"""Servers that join by a bench file alone, beside ours."""

from collections.abc import Iterator

import pytest

from tests.support.bench import MISBEHAVE, Bench
from tests.support.project import ROOT

NEWCOMER = f'''"""A thread of its own for each client, in fifteen lines."""
import sys
import threading
sys.path.insert(0, "{ROOT}")  # as a module of the project this is not needed
from servers.contract import run
def talk(sock, conversation):
    with sock:
        sock.sendall(conversation.opening)
        while not conversation.hangs_up and (data := sock.recv(65536)):
            sock.sendall(conversation.received(data))
        sock.sendall(conversation.finished())
def serve(listener, options):
    while True:
        threading.Thread(target=talk, args=(listener.accept()[0], options.service()), daemon=True).start()
run(serve, __doc__)
'''


@pytest.fixture(scope="module")
def joint_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("joint")
    (folder / "newcomer.py").write_text(NEWCOMER)
    strategies = {
        "newcomer": "{python} newcomer.py {options}",
        "stays": f"{MISBEHAVE} stays",
    }
    foreign = f"{{python}} {ROOT}/tests/support/misbehaving/foreign.py {{port}}"
    with (folder / "mine.toml").open("w"):
        bench = Bench(
            folder,
            strategies | {"foreign.command": foreign, "foreign.ready": "connect"},
            *("--profile", "tiny", "--clients", "10", "--unchecked"),
            *("--strategies", "blocking,epoll,newcomer,foreign,stays"),
            draws=True,
        )
    try:
        bench.ended()
        yield bench
    finally:
        bench.close()


def test_joint_run_ends_well(joint_run: Bench) -> None:
    assert joint_run.process.returncode == 0, joint_run.output
    assert joint_run.family() == []


@pytest.mark.parametrize("name", ["newcomer", "foreign"])
def test_stranger_joins_by_the_bench_file_alone(joint_run: Bench, name: str) -> None:
    """The newcomer: one new file and one line. The foreign one: ready = "connect", no option, no word of READY."""
    cell = joint_run.cells()[name]
    assert cell["status"] == "ok", cell
    assert cell["windows"] == "2"
    assert int(cell["requests"]) > 0
    assert cell["starved"] == "0"


def test_blocking_serves_one_and_starves_nine(joint_run: Bench) -> None:
    cell = joint_run.cells()["blocking"]
    assert (cell["clients"], cell["starved"], cell["status"]) == ("10", "9", "ok")
    assert int(cell["requests"]) > 0
    assert joint_run.cells()["epoll"]["starved"] == "0"


def test_unchecked_server_is_measured_and_marked(joint_run: Bench) -> None:
    cell = joint_run.cells()["stays"]
    assert cell["status"] == "unchecked"
    assert "ignored SIGTERM" in cell["reason"]
    assert int(cell["requests"]) > 0
    assert all(row["checked"] is False for row in joint_run.windows("stays"))
    assert all(row["checked"] is True for row in joint_run.windows("epoll"))
    assert "ignored SIGTERM" in joint_run.described["unchecked"]["stays"]


def test_charts_are_drawn(joint_run: Bench) -> None:
    charts = joint_run.folder / "charts"
    assert {path.suffix for path in charts.iterdir()} == {".png", ".svg"}
