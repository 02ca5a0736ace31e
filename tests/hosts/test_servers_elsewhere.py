"""Servers on a host of their own: the record of one machine, less what can't be known, and how far away they are."""

from collections.abc import Callable, Iterator

import pytest

from analysis.histograms import decoded
from tests.support import hour_for_hour
from tests.support.bench import Bench
from tests.support.namespaces import Network
from tests.support.over_hosts import attached, serving

NAMES = ("epoll", "twisted", "threading")
AWAY_S = 0.005
SETTINGS = """
[window]
lengths = [{ clients = 1000, head_s = 0.05, counted_s = 0.2 }]
counted_limit_s = 0.2
[profiles.over]
blocks = 2
rounds = 2
matrix = [{ service = ["echo"], clients = [5] }]
[strategies]
"""
Cells = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def benches(network: Callable[..., Network], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Bench]]:
    """Of the same servers elsewhere: near, beside their like on the run's own host; and 5 ms away."""
    hosts = network("bench", "server")
    there = {f"{name}-there": address for name, address in serving(hosts["server"], NAMES).items()}
    found = {}
    try:
        for where, names in (("near", [*NAMES, *there]), ("far", there)):
            if where == "far":
                hosts["server"].move_away(AWAY_S)
            options = ("--profile", "over", "--strategies", ",".join(names), "--allow-remote")
            settings = SETTINGS + attached(there)
            found[where] = Bench(tmp_path_factory.mktemp(where), {}, *options, settings=settings, host=hosts["bench"])
            assert found[where].ended() == 0, found[where].output
            assert found[where].nothing_left()
        yield found
    finally:
        for bench in found.values():
            bench.close()


@pytest.fixture(scope="module")
def cells(benches: dict[str, Bench]) -> dict[str, Cells]:
    """Of the servers here, near and far, by the name of the strategy."""
    found = {where: bench.cells() for where, bench in benches.items()}
    told: dict[str, Cells] = {where: {name: found[where][f"{name}-there"] for name in NAMES} for where in found}
    return told | {"here": {name: found["near"][name] for name in NAMES}}


@pytest.fixture(scope="module")
def alike(benches: dict[str, Bench], tmp_path_factory: pytest.TempPathFactory) -> Cells:
    """Of the near servers and their like here."""
    like = {f"{name}-there": name for name in NAMES}
    return hour_for_hour.cells(benches["near"], tmp_path_factory.mktemp("alike"), like)


@pytest.mark.parametrize("name", NAMES)
def test_all_is_told_of_them_but_what_can_t_be_known(alike: Cells, name: str) -> None:
    here, near = alike[name], alike[f"{name}-there"]
    of_its_processes = ("server_", "memory_", "voluntary_", "involuntary_", "capacity_per_core", "threads", "processes")
    lacking = {column for column, value in here.items() if value and not near[column]}
    others = {column for column in lacking if not column.startswith(of_its_processes)}
    assert others <= {"rank", "cpu_rank", "recv_size", "reason", "doubts"}
    assert {"server_cpu_us_per_request", "memory_mib", "server_cpus", "recv_size"} <= lacking
    assert "its processes aren't ours to look at" in near["not_known"]


@pytest.mark.parametrize("name", NAMES)
def test_they_are_measured_and_have_no_rank(cells: dict[str, Cells], name: str) -> None:
    here, near = cells["here"][name], cells["near"][name]
    assert here.keys() == near.keys()
    assert (here["status"], near["status"], near["errors"], near["starved"]) == ("ok", "ok", "0", "0")
    assert near["rank"] == ""
    assert near["limited_by"] in ("server or network", "loader", "both")


def test_they_are_visited_in_the_same_rounds(benches: dict[str, Bench]) -> None:
    for name in NAMES:
        for where, told in (("near", name), ("near", f"{name}-there"), ("far", f"{name}-there")):
            rows = benches[where].windows(told)
            assert [(row["block"], row["round"]) for row in rows] == [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize("name", NAMES)
def test_the_network_s_round_trip_says_why_a_server_that_is_far_away_answers_late(
    benches: dict[str, Bench], cells: dict[str, Cells], name: str
) -> None:
    """The quickest answers of the two runs differ by the way alone; in their medians a busy machine has its part."""
    near, far = cells["near"][name], cells["far"][name]
    way_us = 2 * AWAY_S * 1e6
    trip_us = {where: float(cells[where][name]["network_round_trip_us"]) for where in ("near", "far")}
    assert min(float(far["p50_us"]), trip_us["far"]) >= way_us
    grown_us = quickest_us(benches["far"], name) - quickest_us(benches["near"], name)
    assert abs(grown_us - way_us) < way_us / 2
    assert trip_us["far"] - trip_us["near"] > way_us / 2
    assert near["latency_between"] == far["latency_between"] == "this machine and 192.0.2.2"


def quickest_us(bench: Bench, name: str) -> float:
    told = [decoded(text) for row in bench.windows(f"{name}-there") if (text := row["latency_hdr"])]
    return min(float(one.values[0]) for one in told) / 1e3


def test_a_host_that_is_cut_off_in_the_middle(
    network: Callable[..., Network], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its servers' windows until then are kept, the neighbours' go on, and the run says what happened."""
    hosts = network("bench", "server", "other")
    there = serving(hosts["server"], ["epoll"]) | serving(hosts["other"], ["twisted"])
    settings = SETTINGS.replace("rounds = 2", "rounds = 12")
    settings = settings.replace("[window]", "[window]\nrequest_timeout_s = 0.5")
    bench = Bench(
        tmp_path_factory.mktemp("cut"),
        {},
        "--profile",
        "over",
        "--strategies",
        "cut,stays",
        "--allow-remote",
        settings=settings + attached({"cut": there["epoll"], "stays": there["twisted"]}),
        host=hosts["bench"],
    )
    try:
        bench.wait(lambda: len(bench.windows("cut")) > 3)
        hosts["server"].cut_off()
        kept = bench.windows("cut")[:-1]
        assert bench.ended() == 0, bench.output
        assert bench.windows("cut")[: len(kept)] == kept
        assert {row["block"] for row in bench.windows("stays")} == {0, 1}
        assert {row["reason"].partition(":")[0] for row in bench.failures("cut")} == {"nobody answers at 192.0.2.2"}
        assert bench.cells()["stays"]["status"] == "ok"
        assert bench.nothing_left()
    finally:
        bench.close()


def test_nothing_is_left_of_a_run_that_is_killed(
    network: Callable[..., Network], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """But the servers, which are somebody else's."""
    hosts = network("bench", "server")
    there = serving(hosts["server"], ["epoll"])
    settings = SETTINGS.replace("rounds = 2", "rounds = 500") + attached({"epoll-there": there["epoll"]})
    bench = Bench(
        tmp_path_factory.mktemp("killed"),
        {},
        "--profile",
        "over",
        "--strategies",
        "epoll-there,epoll",
        "--allow-remote",
        settings=settings,
        host=hosts["bench"],
    )
    try:
        bench.wait_for_windows(block=0)
        bench.process.kill()
        assert bench.nothing_left()
        assert bench.windows("epoll-there")
    finally:
        bench.close()
    assert [process.returncode for process in hosts["server"].started] == [None]
