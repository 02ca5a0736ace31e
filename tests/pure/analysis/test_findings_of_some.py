"""What a page says in sentences, where the best of all isn't among those of whom it speaks."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis import doubts
from analysis.doubts import Doubt
from analysis.judging.cells import tabulate
from analysis.records.reading import read
from analysis.report.entries import entries
from analysis.report.findings import findings
from analysis.report.ratios import Ratios
from tests.support.made_up import MadeUp

RATES = {"epoll": 8e4, "poll": 4e4, "select": 2e4}
Told = Callable[[pd.DataFrame], str]


@pytest.fixture
def cells_and_told(tmp_path: Path) -> tuple[pd.DataFrame, Told]:
    """The cells of a made-up run, whose CPU time goes with the rate; and what is said of such cells."""
    results = read(MadeUp(capacity=RATES, groups=[(100, 64)], blocks=4, rounds=1).write(tmp_path))
    cells = tabulate(results).set_index("strategy", drop=False)

    def told(cells: pd.DataFrame) -> str:
        everyone = entries(results.run, cells)
        return " ".join(one.text for one in findings(results, cells, everyone, Ratios(results, everyone)))

    return cells, told


def test_where_the_fastest_cannot_be_ranked_the_best_of_the_others_is_named(
    cells_and_told: tuple[pd.DataFrame, Told],
) -> None:
    cells, told = cells_and_told
    assert "epoll is the fastest" in told(cells)
    cells.loc["epoll", "rank"] = None
    assert "the highest rate is epoll 83.9k requests a second, which has no rank: epoll (" in told(cells)
    assert "Of the others, poll is the fastest" in told(cells)


def test_where_the_cheapest_leaves_clients_waiting_the_first_rank_is_that_of_the_others(
    cells_and_told: tuple[pd.DataFrame, Told],
) -> None:
    cells, told = cells_and_told
    cells["cpu_rank"] = [1, 2, 2]
    assert "share the first rank of cost" not in told(cells)
    cells.loc["epoll", "starved"] = 99
    assert "poll and select share the first rank of cost" in told(cells)


@pytest.mark.parametrize("spoilt", ["epoll", "select"])
def test_a_cost_that_is_not_to_be_relied_on_is_neither_the_least_nor_the_most(
    cells_and_told: tuple[pd.DataFrame, Told], spoilt: str
) -> None:
    cells, told = cells_and_told
    assert all(f"({name})" in _cost(told(cells)) for name in ("epoll", "select"))
    cells.at[spoilt, "doubts"] = (Doubt(doubts.RESTLESS, "100 % of a CPU"),)
    assert f"({spoilt})" not in _cost(told(cells))
    assert "(poll)" in _cost(told(cells))


def _cost(text: str) -> str:
    """The sentence about it."""
    return text.partition("a request costs between")[2].partition(" ranks ")[0].partition("). ")[0] + ")"
