"""A run over UDP: what servers lose, double and swap is in their figures, and so is why it was lost."""

from collections.abc import Iterator

import pytest

from tests.support.bench import Bench, misbehaving

WAYS = ("drops", "doubles", "swaps", "overflows", "dawdles")
SETTINGS = """
[window]
lengths = [{ clients = 1000, head_s = 0.01, counted_s = 0.1 }]
counted_limit_s = 0.1
lost_after_s = 0.8  # longer than a busy machine keeps a server waiting, and within the drain
drain_limit_s = 1.0
[profiles.sent]
blocks = 2
rounds = 2
matrix = [{ service = ["echo"], clients = [10], sizes = [64], transports = ["udp"] }]
[strategies]
"""


@pytest.fixture(scope="module")
def run_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    strategies = {name: misbehaving(f"datagrams.py {name} {{options}}") for name in WAYS}
    options = ("--profile", "sent", "--strategies", ",".join([*strategies, "epoll", "hand-over"]),
               "--unchecked")  # fmt: skip
    bench = Bench(tmp_path_factory.mktemp("datagrams"), strategies, *options, settings=SETTINGS)
    try:
        bench.ended()
        yield bench
    finally:
        bench.close()


def errors(bench: Bench, name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in bench.windows(name):
        for kind, times in row["errors"].items():
            found[kind] = found.get(kind, 0) + times
    return found


def test_it_ends_well(run_of_all: Bench) -> None:
    assert run_of_all.process.returncode == 0, run_of_all.output
    assert run_of_all.family() == []
    assert {row["transport"] for row in run_of_all.windows("epoll")} == {"udp"}


@pytest.mark.parametrize("name", ["epoll", "dawdles"])
def test_who_answers_each_has_no_errors(run_of_all: Bench, name: str) -> None:
    assert errors(run_of_all, name) == {}
    assert all(row["buffer_drops"] == 0 for row in run_of_all.windows(name))
    assert run_of_all.cells()[name]["status"] in ("ok", "unchecked")


def test_what_a_server_drops_is_its_own_doing(run_of_all: Bench) -> None:
    assert errors(run_of_all, "drops").keys() == {"lost"}
    cell = run_of_all.cells()["drops"]
    assert "failing" in cell["doubts"].split()
    assert "lost all were received" in cell["reason"]


def test_what_a_full_buffer_drops_is_told_apart(run_of_all: Bench) -> None:
    cell = run_of_all.cells()["overflows"]
    dropped = sum(row["buffer_drops"] for row in run_of_all.windows("overflows"))
    assert dropped > 0
    assert errors(run_of_all, "overflows")["lost"] > 0
    assert f"the receive buffer had no room for {dropped:,}" in cell["reason"]


def test_what_comes_twice_is_counted(run_of_all: Bench) -> None:
    assert errors(run_of_all, "doubles").keys() == {"doubled"}


def test_who_swaps_has_no_rank(run_of_all: Bench) -> None:
    assert errors(run_of_all, "swaps").keys() == {"corrupt"}
    cell = run_of_all.cells()["swaps"]
    assert "wrong-replies" in cell["doubts"].split()
    assert (cell["rank"], cell["cpu_rank"]) == ("", "")


def test_who_does_not_offer_it_is_skipped(run_of_all: Bench) -> None:
    cell = run_of_all.cells()["hand-over"]
    assert cell["status"] == "skipped"
    assert "udp" in cell["status_reason"]
