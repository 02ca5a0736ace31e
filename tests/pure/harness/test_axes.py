"""The axes of a cell: their words, what a plan makes of them, and the receive size from option to chart."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import axes
from analysis.compare import compare
from analysis.judging import cells
from analysis.records import reading as records
from analysis.stopping.precision import Precision, UntilPrecise
from axes import AXES
from harness.config import Config, ConfigError, read
from harness.plan import plan, selection
from harness.plan.plan import Overrides, Plan
from harness.variants import revision
from tests.support.made_up import USUAL, MadeUp, failure, window
from tests.support.project import OF_BYTES, ROOT
from tests.support.sheets import chart_of

# --- words ---------------------------------------------------------------------------------------------------


def point(**values: Any) -> dict[str, Any]:
    return USUAL | {"clients": 100} | values


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ({}, "echo, 100 clients, 64 B"),
        ({"clients": 1, "message_size": 16384}, "echo, 1 client, 16 KiB"),
        ({"service": "log", "requests_per_connection": 1}, "log, 100 clients, 64 B, a connection per request"),
        ({"requests_per_connection": 10}, "echo, 100 clients, 64 B, 10 requests per connection"),
        ({"load": "knee"}, "echo, 100 clients, 64 B, knee load"),
        ({"load": "open", "rate": "50%"}, "echo, 100 clients, 64 B, open load at 50% of its capacity"),
        ({"recv_size": 1024}, "echo, 100 clients, 64 B, reads of 1 KiB"),
        ({"recv_size": (1024, 65536)}, "echo, 100 clients, 64 B, receive size 1 KiB | 64 KiB"),
        ({"server_cpus": "0 1"}, "echo, 100 clients, 64 B, 2 CPUs"),
        ({"server_cpus": ("1", "0 1")}, "echo, 100 clients, 64 B, 1 CPU | 2 CPUs"),
    ],
)
def test_a_title_says_what_is_not_usual(values: dict[str, Any], title: str) -> None:
    assert axes.title(point(**values), USUAL) == title


def test_what_is_told_in_full() -> None:
    assert axes.title(point(), USUAL, in_full=True) == "echo, 100 clients, 64 B, persistent connections"
    assert axes.description(point(), USUAL, but=("clients",)) == (
        "service echo · 64 B messages · persistent connections · one request in flight per client"
    )


def test_every_axis_is_told_apart() -> None:
    """Titles are what people tell groups by, and what random orders are drawn from."""
    other = {"service": "log", "clients": 7, "message_size": 100, "requests_per_connection": 3, "load": "knee",
             "rate": "7%", "recv_size": 100, "transport": "udp", "handler": "blocks", "handler_us": 70,
             "handler_of": "one", "company": "idle", "company_size": 70, "server_cpus": "0 1"}  # fmt: skip
    varied = {name: axes.title(point(**{name: value}), USUAL) for name, value in other.items()}
    assert len({*varied.values(), axes.title(point(), USUAL)}) == len(other) + 1
    assert set(other) == set(AXES)


def test_what_has_no_limit_is_null_in_files() -> None:
    recorded = axes.recorded(point(recv_size=(1, 2)))
    assert recorded["requests_per_connection"] is None
    assert recorded["rate"] is None
    assert recorded["recv_size"] == [1, 2]
    assert list(recorded) == list(AXES)


COMPARABLE = "recv_sizes, transports, handler_times, company_sizes, cpus"

# --- plans -----------------------------------------------------------------------------------------------------

MATRIX = """
[profiles.tiny]
blocks = 2
rounds = 3
matrix = [{ service = ["echo"], clients = [3, 4], sizes = [64], recv_sizes = [100, "64KiB"]%s }]
"""


def configured(tmp_path: Path, along: str = "") -> Config:
    (tmp_path / "mine.toml").write_text(MATRIX % along)
    return read(ROOT / "bench.toml", tmp_path / "mine.toml")


def planned(config: Config, wanted: str = "epoll,select,uvloop", overrides: Overrides | None = None) -> Plan:
    return plan.make(config, selection.select(config, wanted), "tiny", overrides or Overrides())


def test_values_apart_have_groups_of_their_own_and_servers_of_their_own(tmp_path: Path) -> None:
    made = planned(configured(tmp_path))
    assert [(group["clients"], group["recv_size"]) for group in made.groups] == [
        (3, 100),
        (3, 65536),
        (4, 100),
        (4, 65536),
    ]
    small, usual = made.groups[:2]
    assert made.members(small) == ["select (100 B)", "epoll (100 B)"]
    assert made.members(usual) == ["select", "epoll"]  # uvloop reads as it does: no point on that axis is its own
    assert made.servers_a_block == 4
    assert made.servers(made.groups)["epoll (100 B)"].settings["recv_size"] == 100
    assert made.servers(made.groups)["epoll"].settings["recv_size"] == 65536


def test_values_along_are_members_of_one_group(tmp_path: Path) -> None:
    made = planned(configured(tmp_path, ', along = "recv_sizes"'))
    assert [str(group) for group in made.groups] == [
        f"echo, {clients} clients, 64 B, receive size 100 B | 64 KiB" for clients in (3, 4)
    ]
    group = made.groups[0]
    assert made.members(group) == ["select (100 B)", "select", "epoll (100 B)", "epoll"]
    assert made.servers_a_block == 4
    assert {entry.values["recv_size"] for entry in made.entries[group].values()} == {100, 65536}
    rounds = [made.in_turn(group, made.members(group), round_) for round_ in range(30)]
    for order in rounds:  # the values of a strategy follow each other, in either order
        assert [name.partition(" ")[0] for name in order[::2]] == [name.partition(" ")[0] for name in order[1::2]]
    assert {order.index("epoll") < order.index("epoll (100 B)") for order in rounds} == {True, False}


def test_who_cant_follow_is_left_out_and_named(tmp_path: Path) -> None:
    made = planned(configured(tmp_path, ', along = "recv_sizes"'))
    assert set(made.unable(made.groups[0])) == {"uvloop", "uvloop (100 B)"}
    assert made.skipped == {"can't follow receive size: it reads 256,000 bytes at a time": ["uvloop"]}
    assert made.cells == {(place, name) for place in (0, 1) for name in ("epoll", "select")}


def test_a_plan_in_which_nobody_can_take_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none of these strategies can take part: can't follow receive size"):
        planned(configured(tmp_path, ', along = "recv_sizes"'), "uvloop")


def test_a_setting_that_is_not_varied_is_told_to_all(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[servers]\nrecv_size = 4096\n")
    made = plan.make(
        config := read(ROOT / "bench.toml", tmp_path / "mine.toml"), config.strategies, "quick", Overrides()
    )
    assert {entry.settings["recv_size"] for entry in made.servers(made.groups).values()} == {4096}
    assert list(made.servers(made.groups)) == list(OF_BYTES)
    assert [str(group) for group in made.groups] == ["echo, 100 clients, 64 B"]


COMPARABLE = "recv_sizes, transports, handler_times, company_sizes, cpus"


@pytest.mark.parametrize(
    ("along", "says"),
    [
        ("recv_size", f'along = "recv_size": no such axis (did you mean "recv_sizes"?); there are {COMPARABLE}'),
        ("clients", f'along = "clients": is no axis of the servers\' side; there are {COMPARABLE}'),
    ],
)
def test_what_cant_be_compared_along_is_refused(tmp_path: Path, along: str, says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"mine.toml: profiles.tiny.matrix.0: {says}")):
        configured(tmp_path, f', along = "{along}"')


def test_one_value_is_nothing_to_compare(tmp_path: Path) -> None:
    one = MATRIX.replace('[100, "64KiB"]', "[100, 100]") % ', along = "recv_sizes"'
    (tmp_path / "mine.toml").write_text(one)
    with pytest.raises(ConfigError, match="fewer than two recv_sizes to compare"):
        read(ROOT / "bench.toml", tmp_path / "mine.toml")


def test_an_axis_that_nobody_has_cant_be_fixed(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[strategies]\nmine = { command = 'x', fixed = { recv_sise = 'no' } }\n")
    with pytest.raises(ConfigError, match=r'strategies.mine.fixed: recv_sise: .*did you mean "recv_size"'):
        read(ROOT / "bench.toml", tmp_path / "mine.toml")


def test_a_chart_along_the_receive_size_has_a_line_for_each_strategy(tmp_path: Path) -> None:
    made = MadeUp(capacity={"epoll": 1.0, "poll": 1.0}, groups=()).write(tmp_path)
    lines = [
        window(name, along="recv_size", recv_size=size, requests=1000 + size, replies=1000 + size, block=block,
               started_ns=10**9 * block)
        for block in range(2) for name in ("epoll", "poll") for size in (100, 1000, 10_000)
    ]  # fmt: skip
    (made / "windows.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    results = records.read(made)
    (axes_of_chart,) = chart_of("throughput_vs_recv_size", results, cells.tabulate(results)).axes
    inside = [line for line in axes_of_chart.lines if line.get_clip_on()]  # leaders lie beside the axes
    drawn = [[float(y) for y in line.get_ydata()] for line in inside if len(line.get_xdata()) == 3]
    assert drawn == [pytest.approx([1100 / 0.1, 2000 / 0.1, 11_000 / 0.1])] * 2
    assert axes_of_chart.get_xlabel() == "receive size"


def test_the_first_value_is_the_usual_one_or_the_least() -> None:
    assert AXES["recv_size"].first([1, 64, 7], 64) == 64
    assert AXES["recv_size"].first([7, 3, 5], 64) == 3
    assert AXES["server_cpus"].first(["1 2 3", "2 3"], "3") == "2 3"


def test_a_folder_without_the_axis_has_what_its_settings_said(tmp_path: Path) -> None:
    made = MadeUp(capacity={"epoll": 1e4}, groups=[(3, 64)], blocks=2, rounds=1).write(tmp_path)
    told = json.loads((made / "run.json").read_text())
    older = {name: value for name, value in told.items() if name not in ("axes", "notes")}
    (made / "run.json").write_text(json.dumps(older | {"schema": 1, "servers": {"recv_size": 4096}}))
    rows = [json.loads(line) for line in (made / "windows.jsonl").read_text().splitlines()]
    for row in rows:
        del row["recv_size"], row["along"], row["start_range_s"]
    (made / "windows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    results = records.read(made)
    assert set(results.windows["recv_size"]) == {4096}
    assert set(results.windows["along"]) == {""}
    assert results.usual["recv_size"] == 4096
    assert cells.tabulate(results)["recv_size"].to_list() == [4096]


# --- what a value along must not be mixed up with ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "written"),
    [
        (64, "64 B"),
        (1024, "1 KiB"),
        (1536, "1,536 B"),
        (2**20, "1 MiB"),
        (2**20 + 1, "1,048,577 B"),
        (10_000, "10,000 B"),
    ],
)
def test_a_size_is_written_exactly(size: int, written: str) -> None:
    """Servers are told apart by it: two sizes must never be written alike."""
    assert AXES["recv_size"].write(size) == written


def test_several_values_in_a_line() -> None:
    assert AXES["clients"].several([1, 500]) == "1, 500 clients"
    assert AXES["message_size"].several([64, 16384]) == "64 B, 16 KiB"
    assert AXES["recv_size"].several([1024, 8192]) == "receive size 1 KiB, 8 KiB"
    assert AXES["rate"].several(["2000", "50%"]) == "a rate of 2000, 50%"
    assert AXES["server_cpus"].several(["1", "0 1"]) == "1 CPU, 2 CPUs"


def test_the_order_of_values_changes_no_order_of_windows(tmp_path: Path) -> None:
    one, other = (
        planned(configured(tmp_path), "epoll", Overrides({"recv_sizes": sizes}, "recv_sizes"))
        for sizes in ([100, 65536], [65536, 100])
    )
    assert list(map(repr, one.groups)) == list(map(repr, other.groups))


def test_a_profile_s_comparison_can_be_left_out(tmp_path: Path) -> None:
    made = planned(configured(tmp_path, ', along = "recv_sizes"'), "epoll", Overrides({}, ""))
    assert {group.along for group in made.groups} == {""}


def along(folder: Path, lines: list[dict[str, Any]]) -> records.Results:
    """A run that compares along the receive size, of these records."""
    made = MadeUp(capacity={"epoll": 1.0, "poll": 1.0}, groups=()).write(folder)
    (made / "windows.jsonl").write_text("".join(f"{json.dumps(line | {'along': 'recv_size'})}\n" for line in lines))
    return records.read(made)


def test_no_ratio_where_the_first_value_failed(tmp_path: Path) -> None:
    """Another value must not take its place under its heading."""
    present = [("epoll", 1000), ("epoll", 65536), ("poll", 1000), ("poll", 2000)]
    lines = [window(name, recv_size=size, requests=size, block=block, started_ns=block)
             for block in range(2) for name, size in present]  # fmt: skip
    lines.append(failure("poll", recv_size=65536, status="failed", reason="died"))
    found = cells.tabulate(along(tmp_path, lines)).set_index(["strategy", "recv_size"])
    assert found["ratio"][("epoll", 1000)] == pytest.approx(1000 / 65536)
    assert found["ratio"]["poll"].isna().all()


def test_precision_is_asked_of_each_value_along(tmp_path: Path) -> None:
    """Two values that swing against each other are not known because their mean is."""
    lines = [window("epoll", recv_size=size, requests=1000 + swing * (block % 2 * 2 - 1), block=block)
             for block in range(12) for size, swing in ((100, 300), (65536, -300))]  # fmt: skip
    rule = UntilPrecise(along(tmp_path, lines).folder / "windows.jsonl", Precision(0.02), {(0, "epoll")}, 1, 1e9)
    assert not rule.after([(1, 1.0)] * 12).is_enough
    reached = rule.reached(0)
    assert reached is not None
    assert reached[1] in ("epoll (100 B)", "epoll (64 KiB)")
    assert reached[0] > 0.1


def test_a_run_along_and_one_apart_are_compared_at_their_points(tmp_path: Path) -> None:
    lines = [
        window("epoll", recv_size=size, block=block, started_ns=block) for block in range(3) for size in (100, 65536)
    ]
    first = along(tmp_path / "a", lines).folder
    other = MadeUp(capacity={"epoll": 1e4}, groups=[(10, 64)], blocks=3, rounds=1).write(tmp_path / "b")
    told = json.loads((other / "run.json").read_text())
    (other / "run.json").write_text(json.dumps(told | {"run_id": "another"}))
    found = compare(str(first), str(other), tomllib.loads((ROOT / "bench.toml").read_text())["gate"])
    assert [row.cell.values["recv_size"] for row in found.rows if row.metric.name == "throughput"] == [65536]


def test_what_one_revision_cant_follow_is_compared_at_neither(tmp_path: Path) -> None:
    config = read(ROOT / "bench.toml")
    before = {name: strategy.model_copy(update={"fixed": {}}) for name, strategy in config.strategies.items()}
    forms = revision._forms(config, "epoll,uvloop", before, tmp_path, tmp_path, "main", ROOT)
    made = plan.make(config, forms.strategies, "quick", Overrides({"recv_sizes": [1024]}))
    assert made.members(made.groups[0]) == ["epoll@base (1 KiB)", "epoll@head (1 KiB)"]
