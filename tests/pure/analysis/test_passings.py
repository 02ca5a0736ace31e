"""Who passes whom in a run: found, written, told and drawn."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from analysis.crossover import Crossover
from analysis.judging.cells import tabulate
from analysis.judging.crossovers import Passing, passings, write
from analysis.records.reading import Results, read
from tests.support.made_up import MadeUp, window
from tests.support.sheets import chart_of

INF = float("inf")
# requests in a window: of a loop that is blocked, and of threads, at each time of a handler in microseconds
LOOP = {10: 4000, 100: 1000, 1000: 100, 5000: 20}
THREADS = {10: 2000, 100: 2000, 1000: 1900, 5000: 900}
EXTRA = {300: 300}  # of a handler that computes, measured in another group of the same run


def run_of(folder: Path, **rates: dict[int, int]) -> Results:
    made = MadeUp(capacity=dict.fromkeys(rates, 1.0), groups=())
    records: list[dict[str, Any]] = [
        window(name, block=block, clients=50, handler=handler, handler_us=told_us, along="handler_us",
               requests=round(requests * (1 + 0.01 * block * (name == "epoll"))))
        for block in range(4)
        for name, of in rates.items()
        for handler, times in (("blocks", of), ("computes", EXTRA))
        for told_us, requests in times.items()
    ]  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "run.json").write_text(json.dumps(made.run()))
    (folder / "windows.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return read(folder)


def test_threads_pass_a_loop_between_two_times(tmp_path: Path) -> None:
    results = run_of(tmp_path, epoll=LOOP, threading=THREADS)
    (found,) = passings(results, tabulate(results))
    assert (found.first, found.second, found.axis) == ("epoll", "threading", "handler_us")
    assert 10 < found.at.low <= found.at.value <= found.at.high < 100
    assert found.values == (10, 100, 1000, 5000)
    path = write(results, [found])
    assert path
    with path.open() as file:
        (row,) = csv.DictReader(file)
    assert (row["first"], row["second"]) == ("epoll", "threading")
    assert float(row["value"]) == pytest.approx(found.at.value, rel=1e-6)


def test_an_earlier_file_is_not_left_where_nothing_passes_anything(tmp_path: Path) -> None:
    results = run_of(tmp_path, epoll=LOOP, threading=THREADS)
    write(results, passings(results, tabulate(results)))
    assert write(results, []) is None
    assert not (tmp_path / "crossovers.csv").exists()


def test_the_chart_has_the_values_of_its_group_alone(tmp_path: Path) -> None:
    """The other group's 300 us isn't among those that were compared."""
    results = run_of(tmp_path, epoll=LOOP, threading=THREADS)
    (axes,) = chart_of("crossovers", results, tabulate(results)).axes
    assert axes.get_xticks().tolist() == [10, 100, 1000, 5000]
    low, high = axes.get_xlim()
    assert low < 10 < 5000 < high


def test_pairs_with_fewer_values_end_at_their_own(tmp_path: Path) -> None:
    """select has no figure at the ends: its rows don't reach them, and the axes hold all others' values."""
    results = run_of(tmp_path, epoll=LOOP, threading=THREADS, select={10: 3000, 100: 900, 1000: 90})
    found = {(one.first, one.second): one for one in passings(results, tabulate(results))}
    assert found["select", "threading"].values == (10, 100, 1000)
    assert found["epoll", "threading"].values == (10, 100, 1000, 5000)
    (axes,) = chart_of("crossovers", results, tabulate(results)).axes
    assert axes.get_xticks().tolist() == [10, 100, 1000, 5000]


@pytest.mark.parametrize(
    ("axis", "low", "high", "words"),
    [
        ("handler_us", 312.0, 361.0, "from 310 µs to 360 µs on"),
        ("handler_us", 4312.0, 5361.0, "from 4.3 ms to 5.4 ms on"),
        ("handler_us", 0.0, 50.4, "at 50 µs or below"),
        ("handler_us", 63.0, INF, "from 63 µs on, or later"),
        ("recv_size", 8_192.0, 33_000.0, "from 8 KiB to 32 KiB on"),
        ("recv_size", 120.0, 1_024.0, "from 120 B to 1 KiB on"),
    ],
)
def test_where_is_said_as_people_write_it(axis: str, low: float, high: float, words: str) -> None:
    assert Passing("", axis, "a", "b", Crossover(low or high, low, high), (1, 2)).where == words
