"""The terminal's table of a run."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.judging.cells import tabulate
from analysis.records.reading import read
from analysis.report import page
from analysis.tables import run as table
from tests.support.made_up import (
    CAPACITY,
    MadeUp,
    at_rate,
    failure,
    folder_of,
    ranked,
    window,
)
from tests.support.tabulated import printed


def test_a_rate_without_a_rank_stands_among_those_of_its_size() -> None:
    """A tie spans rates: what the loader limits is not above all of it for being above its last."""
    rates = {"first": (40_000, 1), "last": (30_000, 1), "between": (35_000, None), "slow": (9000, 3),
             "slower": (8000, None), "above": (50_000, None)}  # fmt: skip
    group = pd.DataFrame([{"strategy": name, "throughput_rps": rate, "rank": rank, "starved": 0}
                          for name, (rate, rank) in rates.items()])  # fmt: skip
    placed = table._sorted(group, table.ORDER["closed"])["strategy"]
    assert list(placed) == ["above", "first", "between", "last", "slow", "slower"]


def test_a_remark_on_nearly_all_is_short(tmp_path: Path) -> None:
    busy = {name: {"loader_cpu_s": 0.12} for name in "abcd"}
    made = ranked(dict.fromkeys([*busy, "e"], 30_000), **busy)
    assert "  all but e: may be loader-limited" in printed(folder_of(tmp_path, made)).splitlines()
    made = ranked(dict.fromkeys(busy, 30_000), **busy)
    assert "  all: may be loader-limited" in printed(folder_of(tmp_path, made)).splitlines()


def test_the_table_is_sorted_and_fits_110_columns(tmp_path: Path) -> None:
    capacity = {name: CAPACITY[name] for name in CAPACITY if name != "gevent"} | {"odd[bold]name": 1e6}
    made = MadeUp(capacity=capacity, groups=[(10, 64), (100, 1024)], blocks=3, rounds=1, window_noise=0.02,
                  skipped={"uvloop": "uvloop is not installed"}).write(tmp_path)  # fmt: skip
    text = printed(made)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 110
    first = text.split("1 KiB")[0]
    assert first.index("epoll") < first.index("asyncio") < first.index("blocking")
    assert "odd[bold]name" in text
    assert "starvation  1 of 10" in text
    assert printed(made, width=80) == text
    assert "uvloop: uvloop is not installed" in text
    assert any("asyncio " in line and "± 0.0" in line for line in lines)


def test_a_narrow_terminal_goes_without_some_columns_and_says_so(tmp_path: Path) -> None:
    capacity = {name: CAPACITY[name] for name in CAPACITY if name != "gevent"}
    made = MadeUp(capacity=capacity, groups=[(10, 64), (100, 1024)], blocks=3, rounds=1, window_noise=0.2).write(
        tmp_path
    )
    wide, narrow = (printed(made, width, terminal=True) for width in (120, 80))
    assert "CPU/req" in wide
    assert "The terminal is narrow" not in wide
    assert max(map(len, narrow.splitlines())) <= 80
    heading = next(line for line in narrow.splitlines() if "strategy" in line)
    assert {"#", "requests/s", "epoll", "note"} <= set(heading.split())
    told = " ".join(narrow.split()).partition("The terminal is narrow: ")[2]
    assert told.startswith("p50, CPU/req")
    assert not {"p50", "CPU/req"} & set(heading.split())
    assert "1 of 10" in narrow


def test_a_table_at_a_rate_has_no_legend_of_columns_that_it_lacks(tmp_path: Path) -> None:
    text = printed(folder_of(tmp_path, [at_rate("poll", 300, latencies=[10**6] * 300)]))
    assert "CPU/req" not in text
    assert "Server CPU" not in text
    assert "No ratios without" not in text
    assert "±" not in text  # of a single block
    assert "No interval where there are fewer than two blocks" in text
    closed = printed(folder_of(tmp_path / "closed", [window("poll", latencies=[10**6] * 300)]))
    assert "CPU/req: the server's CPU time" in closed
    assert "No ratios without epoll." in closed


def test_what_stood_in_the_way_when_it_began_is_said_with_the_result(tmp_path: Path) -> None:
    made = folder_of(tmp_path, [window("epoll", latencies=[10**6] * 300)], warnings=["other load: 43%; why; end it"])
    assert "Note: when it began, other load: 43%; why; end it." in printed(made)
    results = read(made)
    assert "<li>when it began, other load: 43%; why; end it</li>" in page.render(results, tabulate(results))


def test_the_table_is_as_wide_as_it_must(tmp_path: Path) -> None:
    """Where a column of text is one too few, "1 of 500" must not become "1 of 50"."""
    made = [
        window(name, block=block, clients=500_000, requests=10**4 * 4**block, server_cpu_s=2.0, unanswered=unanswered,
               latencies=[123_456] * 2000)
        for block in range(3) for name, unanswered in (("a-name-of-20-letters", 499_999), ("epoll", 0))
    ]  # fmt: skip
    text = printed(folder_of(tmp_path, made))
    assert "1 of 500,000" in text


def test_the_interval_of_a_small_ratio_is_not_zero(tmp_path: Path) -> None:
    made = MadeUp(capacity={"epoll": 100_000, "blocking": 10_000}, groups=[(1, 64)], window_noise=0.01, drift=0,
                  block_noise=0.001).write(tmp_path)  # fmt: skip
    text = printed(made)
    assert re.search(r"± 0\.00\d*[1-9]", text)
    assert not re.search(r"± 0\.0+\s", text)


def test_the_table_of_a_single_block_has_no_intervals(tmp_path: Path) -> None:
    text = printed(folder_of(tmp_path, [window("epoll"), window("select", errors={"reset": 3})]))
    assert "10,000" in text
    assert "3 errors" in text
    assert "fewer than two blocks" in text


def test_the_table_of_nothing(tmp_path: Path) -> None:
    assert "Nothing was measured" in printed(folder_of(tmp_path, []))
    assert "skipped" in printed(folder_of(tmp_path, [failure("uvloop", reason="not installed")]))


def test_ranks_are_printed_with_ties(tmp_path: Path) -> None:
    made = ranked({"slow": 20_000, "epoll": 30_000, "same": 30_030})
    rows = [line.split() for line in printed(folder_of(tmp_path, made)).splitlines()]
    ranks = {row[1]: row[0] for row in rows if len(row) > 3 and row[1] in ("slow", "epoll", "same")}
    assert ranks == {"slow": "3", "epoll": "=1", "same": "=1"}


def test_doubtful_rows_are_marked_and_the_reason_names_them_together(tmp_path: Path) -> None:
    busy = {"loader_cpu_s": 0.12}
    text = printed(folder_of(tmp_path, ranked({"epoll": 30_000, "fast": 40_000, "slow": 9000}, epoll=busy, fast=busy)))
    marked = {line.split()[0]: "?" in line for line in text.splitlines() if "%" in line and "±" in line}
    assert marked["epoll"]
    assert marked["fast"]
    (reason,) = [line for line in text.splitlines() if line.endswith(": may be loader-limited")]
    assert "epoll (it used 97 % of its CPU), fast (it used 97 % of its CPU)" in reason
    assert "why stands below its group" in text


def test_the_table_of_an_open_loop_and_of_a_knee(tmp_path: Path) -> None:
    made = [at_rate(name, 2000, block=block, latencies=np.full(4000, slow)) for block in (0, 1)
            for name, slow in (("late", 5e6), ("prompt", 2e6))]  # fmt: skip
    made += [at_rate("late", 3000, load="knee", phase="found", block=block, group=1, latencies=np.full(6000, 5e6))
             for block in (0, 1)]  # fmt: skip
    text = printed(folder_of(tmp_path, made))
    assert max(map(len, text.splitlines())) <= 110
    for words in ("open load at 2000 requests/s", "offered/s", "dropped", "offered rate", "knee, requests/s", "3,000"):
        assert words in text
    assert text.index("prompt") < text.index("late")  # by p99: all served what they were offered
