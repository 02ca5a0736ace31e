"""A run with servers that somebody else has started: they are met in the same rounds, and told apart everywhere."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import hour_for_hour
from tests.support.bench import SETTINGS, Bench
from tests.support.elsewhere import running

# what its processes would tell
OF_ITS_OWN = ("server_cpu_us_per_request", "server_cpu_share", "capacity_per_core_rps",
              "server_minor_faults_per_request",
              "server_user_us_per_request", "memory_mib", "memory_per_connection_kib", "threads", "processes",
              "cpu_rank", "rank", "server_cpu_ratio")  # fmt: skip
# Nothing is doubtful, whatever else this machine does meanwhile: a doubtful cell has no rank and no ratio.
UNDOUBTED = "[verdict]\n" + "".join(
    f"{share}_share = 1.0\n" for share in ("perturb_from", "trend", "pace", "drift", "littles_law", "arrival",
                                           "neighbours", "taken", "put_off", "restless")
) + "block_spread = 1.0\n"  # fmt: skip
MIXED = UNDOUBTED + SETTINGS.replace("counted_s = 0.05", "counted_s = 0.2").replace(
    "counted_limit_s = 0.05", "counted_limit_s = 0.2"
).replace(
    "[profiles.longer]",
    """[profiles.mixed]
blocks = 3
rounds = 2
matrix = [
    { service = ["echo"], clients = [3, 8], sizes = [64] },
    { service = ["echo"], clients = [3], sizes = [64], recv_sizes = ["8KiB"] },
]
[profiles.longer]""",
)


def attached(**addresses: str) -> str:
    return "".join(f'{name} = {{ attach = "{address}" }}\n' for name, address in addresses.items())


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Two that ran already, interleaved with one of the run's own; they run on."""
    with running("select", "threading") as (web, shop):
        lines = MIXED + attached(web=web.address, shop=shop.address)
        bench = Bench(tmp_path_factory.mktemp("mixed"), {}, "--profile", "mixed", "--strategies", "web,shop,epoll",
                      settings=lines, draws=True)  # fmt: skip
        try:
            assert bench.ended() == 0, bench.output
            assert bench.nothing_left()
            assert (web.is_alive, shop.is_alive) == (True, True)
            yield bench
        finally:
            bench.close()


def test_they_are_visited_in_the_same_rounds(mixed: Bench) -> None:
    places = [[(row["clients"], row["block"], row["round"]) for row in mixed.windows(name) if row["recv_size"] != 8192]
              for name in ("web", "shop", "epoll")]  # fmt: skip
    assert sorted(places[0]) == sorted(places[1]) == sorted(places[2])
    assert len(places[0]) == 2 * 3 * 2
    for name in ("web", "shop", "epoll"):
        assert {"network_round_trip_us" in row for row in mixed.windows(name)} == {name != "epoll"}


def test_what_can_t_be_known_is_empty_with_the_reason(mixed: Bench) -> None:
    cells = mixed.cells(clients="8")
    for name in ("web", "shop"):
        assert cells[name]["variant"] == "attached"
        assert [column for column in OF_ITS_OWN if cells[name][column]] == []
        assert "its processes aren't ours" in cells[name]["not_known"]
    assert [column for column in OF_ITS_OWN if not cells["epoll"][column]] == ["memory_per_connection_kib"]
    assert cells["epoll"]["attached"] == cells["epoll"]["not_known"] == cells["epoll"]["latency_between"] == ""


def test_all_else_is_there_as_of_the_run_s_own(mixed: Bench, tmp_path: Path) -> None:
    alike = hour_for_hour.cells(mixed, tmp_path, {"web": "epoll", "shop": "epoll"}, clients="8")
    told = {column for column, value in alike["epoll"].items() if value}
    cells = mixed.cells(clients="8")
    for name in ("web", "shop"):
        missing = {column for column in told if not alike[name][column]}
        assert {column for column in missing if not column.startswith("server_cpu")} <= {*OF_ITS_OWN, *MORE_OF_ITS_OWN}
        assert cells[name]["status"] == "ok"
        assert float(cells[name]["network_round_trip_us"]) > 0
        assert cells[name]["latency_between"] == "this machine and 127.0.0.1"
        assert cells[name]["limited_by"] not in ("server", "round-trip")


MORE_OF_ITS_OWN = ("memory_idle_mib", "server_system_us_per_request", "voluntary_switches_per_request",
                   "involuntary_switches_per_request", "recv_size", "reason", "doubts")  # fmt: skip


def test_ratios_are_among_their_like_alone(mixed: Bench) -> None:
    cells = mixed.cells(clients="8")
    assert (float(cells["web"]["ratio"]), float(cells["epoll"]["ratio"])) == (1.0, 1.0)
    assert float(cells["shop"]["ratio"]) > 0


def test_where_an_option_is_varied_they_are_skipped(mixed: Bench) -> None:
    (row,) = (row for row in mixed.failures("web") if row["recv_size"] == 8192)
    assert row["status"] == "skipped"
    assert row["reason"] == "is attached, and runs as somebody else has started it: receive size can't be chosen here"


def test_they_are_named_in_run_json_the_table_and_the_page(mixed: Bench) -> None:
    told = mixed.described["strategies"]["web"]
    assert (told["command"], told["address"]) == (None, told["attach"])
    (note,) = (note["seen"] for note in mixed.described["notes"] if note["kind"] == "attached")
    assert f"web@attached at {told['address']}, shop@attached at 127.0.0.1:" in note
    for text in (" ".join(mixed.output.split()), (mixed.folder / "report.html").read_text()):
        assert "web@attached" in text
        assert f"attached at {told['address']}" in text
        assert "no rank" in text
    assert "64 B messages" in mixed.output or "64 B" in mixed.output
    (chart,) = (mixed.folder / "charts").glob("throughput_vs_clients.svg")
    assert chart.exists()


def test_one_that_ends_in_the_middle_is_a_failed_row_and_the_rest_goes_on(bench: Callable[..., Bench]) -> None:
    with running("select", "epoll") as (web, shop):
        settings = SETTINGS.replace("rounds = 6\nmatrix", "rounds = 30\nmatrix", 1)
        run = bench({}, "--profile", "longer", "--strategies", "web,shop,epoll",
                    settings=settings + attached(web=web.address, shop=shop.address))  # fmt: skip
        run.wait_for_windows(block=0)
        web.end()
        assert run.ended() == 0, run.output
    reasons = {row["reason"] for row in run.failures("web")}
    assert any("nobody answers at" in reason and "refused" in reason for reason in reasons), reasons
    assert {row["block"] for row in run.failures("web")} == {0, 1}
    assert {row["block"] for row in run.windows("shop")} == {row["block"] for row in run.windows("epoll")} == {0, 1}
    assert "Traceback" not in run.output


def test_one_that_stops_answering_stalls_nothing(bench: Callable[..., Bench]) -> None:
    """It takes connections in, as its kernel does, and answers nobody."""
    with running("select", "epoll") as (web, shop):
        settings = SETTINGS.replace("rounds = 6\nmatrix", "rounds = 30\nmatrix", 1)
        settings = settings.replace("drain_limit_s = 0.2", "drain_limit_s = 0.2\nrequest_timeout_s = 0.5")
        run = bench({}, "--profile", "longer", "--strategies", "web,shop,epoll",
                    settings=settings + attached(web=web.address, shop=shop.address))  # fmt: skip
        run.wait_for_windows(block=0)
        web.hang()
        assert run.ended() == 0, run.output
    assert {row["block"] for row in run.failures("web")} == {0, 1}
    assert {row["block"] for row in run.windows("shop")} == {0, 1}
    assert run.nothing_left()


def test_one_that_isn_t_right_is_a_row_with_its_reason(bench: Callable[..., Bench], tmp_path: Path) -> None:
    """It serves greet, whose simplest case it passes, and is said to serve log, too."""
    with running("epoll") as (web,):
        lines = SETTINGS + f'web = {{ attach = "{web.address}", services = ["echo", "greet"] }}\n'
        run = bench({}, "--profile", "tiny", "--strategies", "web,epoll", "--unchecked", "--service", "greet,echo",
                    settings=lines)  # fmt: skip
        assert run.ended() == 0, run.output
    found = [row for row in run.rows() if row["strategy"] == "web" and row["service"] == "greet"]
    assert found
    assert all(row["kind"] == "failure" or not row["replies"] or not row["checked"] for row in found)
    assert "greet: " in run.described["unchecked"]["web@attached"]
