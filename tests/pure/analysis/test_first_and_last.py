"""What a page says of the best and the worst of a figure without ranks, and what limited the best at each load."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from analysis import doubts
from analysis.doubts import Doubt
from analysis.judging.cells import tabulate
from analysis.records.reading import Results, read
from analysis.report.apart import untold
from analysis.report.entries import entries
from analysis.report.findings import findings
from analysis.report.ratios import Ratios
from tests.support.made_up import MadeUp, at_rate, folder_of

NAN = float("nan")
RATES = {"epoll": 8e4, "poll": 7.9e4, "select": 2e4}


def told(results: Results, cells: pd.DataFrame) -> list[str]:
    everyone = entries(results.run, cells)
    return [one.text for one in findings(results, cells, everyone, Ratios(results, everyone))]


def group(*bars: tuple[float, float, float]) -> pd.DataFrame:
    """Strategies a, b, c ... with this p99 and these ends of its bar."""
    rows = [{"strategy": name, "variant": "", "p99_us": value, "p99_us_bar_low": low, "p99_us_bar_high": high}
            for name, (value, low, high) in zip("abcdefgh", bars, strict=False)]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("bars", "said"),
    [
        ([(10, 9, 11), (12, 11.5, 13)], ""),
        ([(10, 9, 11), (12, 11, 13)], " b can't be told from a."),
        ([(10, 9, 11), (14, 10, 15), (12, 11, 13)], " c and b can't be told from a."),
        ([(10, 9, 11), (12, NAN, NAN)], " b can't be told from a."),
        ([(10, NAN, NAN), (12, 11.5, 13)], " b can't be told from a."),
        ([(10, 9, 11), *[(10 + k, 10, 30) for k in (1, 2, 3, 4)]], " b, c, d and e can't be told from a."),
        ([(10, 9, 11), *[(10 + k, 10, 30) for k in (1, 2, 3, 4, 5)]], " b, c, d and 2 others can't be told from a."),
    ],
)
def test_those_whose_bars_touch_are_named_the_nearest_first(
    bars: Sequence[tuple[float, float, float]], said: str
) -> None:
    cells = group(*bars)
    assert untold(cells.iloc[0], cells, "p99_us") == said


@pytest.fixture
def made_up(tmp_path: Path) -> tuple[Results, pd.DataFrame]:
    """Three strategies at three loads; the first two are of one speed."""
    run = MadeUp(capacity=RATES, groups=[(100, 64), (10, 64), (100, 1024)], blocks=4, rounds=1)
    results = read(run.write(tmp_path))
    return results, tabulate(results)


def spread(cells: pd.DataFrame, figure: str, bars: dict[str, tuple[float, float, float]]) -> pd.DataFrame:
    """The same cells with this figure and its bar."""
    cells = cells.copy()
    for place, end in enumerate(("", "_bar_low", "_bar_high")):
        cells[f"{figure}{end}"] = [bars[name][place] for name in cells["strategy"]]
    return cells


def test_the_lowest_p99_says_who_may_be_as_low(made_up: tuple[Results, pd.DataFrame]) -> None:
    results, cells = made_up
    bars = {"epoll": (900.0, 800.0, 1000.0), "poll": (950.0, 850.0, 1050.0), "select": (5000.0, 4000.0, 6000.0)}
    (text,) = [text for text in told(results, spread(cells, "p99_us", bars)) if "one request in a hundred" in text]
    assert text.endswith("at worst. poll can't be told from epoll.")
    bars["poll"] = (1200.0, 1100.0, 1300.0)
    (text,) = [text for text in told(results, spread(cells, "p99_us", bars)) if "one request in a hundred" in text]
    assert text.endswith("at worst.")


def test_a_doubtful_p99_is_said_to_be_so(made_up: tuple[Results, pd.DataFrame]) -> None:
    results, cells = made_up
    kinds = [(Doubt(doubts.LATE_CLOCK, "20 % of the p99"),) if name == "select" else () for name in cells["strategy"]]
    (text,) = [text for text in told(results, cells.assign(doubts=kinds)) if "one request in a hundred" in text]
    assert text.count("requests, doubtful)") == 1


def test_the_dearest_says_who_may_be_as_dear(made_up: tuple[Results, pd.DataFrame]) -> None:
    results, cells = made_up
    bars = {"epoll": (10.0, 9.0, 11.0), "poll": (19.0, 18.0, 21.0), "select": (22.0, 20.0, 24.0)}
    (text,) = [text for text in told(results, spread(cells, "server_cpu_us_per_request", bars)) if "CPU time" in text]
    assert text.endswith("poll can't be told from select.")


def test_every_load_says_what_limited_its_first(made_up: tuple[Results, pd.DataFrame]) -> None:
    rates = [text for text in told(*made_up) if "requests a second" in text]
    assert len(rates) == 3
    assert "the server, whose CPU had no time left" in rates[0]
    assert all(re.search(r"What limited \S+: the server\.", text) for text in rates[1:]), rates


def test_a_group_along_an_axis_is_told_of_at_one_of_its_values(made_up: tuple[Results, pd.DataFrame]) -> None:
    results, cells = made_up
    cells = cells[(cells["clients"] == 100) & (cells["message_size"] == 64)].assign(along="recv_size", threads=101)
    both = pd.concat([cells.assign(recv_size=size) for size in (1024, 65536)], ignore_index=True)
    texts = told(results, both)
    (connected,) = [text for text in texts if " connected, " in text]
    assert connected.count("epoll runs 101 threads") == 1
    (tail,) = [text for text in texts if "one request in a hundred" in text]
    assert not re.search("1 KiB.*64 KiB", connected + tail)


def test_an_open_loop_says_what_limited_it(tmp_path: Path) -> None:
    records = [at_rate(name, 500, block=block, latencies=[1e6, 2e6] * 500)
               for name in ("epoll", "poll") for block in range(2)]  # fmt: skip
    results = read(folder_of(tmp_path, records))
    (text,) = [text for text in told(results, tabulate(results)) if "dropped a request" in text]
    assert "What limited them: the rate that was offered" in text
