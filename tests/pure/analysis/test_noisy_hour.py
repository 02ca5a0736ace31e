"""What a noisy hour, in which the machine halved two blocks of six, still shows: the recorded run, read anew."""

import pandas as pd
import pytest

from analysis.judging.cells import tabulate
from analysis.records.reading import read
from tests.support.recorded import recorded


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return tabulate(read(recorded(tmp_path_factory.mktemp("noisy-hour"))))


def test_hardly_any_cell_is_unstable(cells: pd.DataFrame) -> None:
    assert len(cells) == 84
    assert cells["reason"].str.contains("unstable between blocks").sum() <= 8


def test_with_one_client_nearly_all_are_ranked_and_have_narrow_bars(cells: pd.DataFrame) -> None:
    one = cells[cells["clients"] == 1]
    assert len(one) == 14
    assert one["rank"].notna().sum() >= 12
    assert (one["throughput_rps_bar_high"] / one["throughput_rps"] <= 1.12).sum() >= 10


def test_the_first_rank_is_that_of_the_best(cells: pd.DataFrame) -> None:
    """It went to the twelfth by rate."""
    for _, group in cells.groupby(["clients", "message_size"]):
        ranked = group[group["rank"].notna()].sort_values("throughput_rps", ascending=False)
        assert ranked["rank"].is_monotonic_increasing
    one = cells[cells["clients"] == 1].set_index("strategy")
    assert one.loc[["twisted", "twisted-line"], "rank"].to_list() > [1, 1]
