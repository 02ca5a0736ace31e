"""What a rank is in one sentence, on the page and in the terminal; and that ratios are no quotients."""

import pandas as pd
import pytest

from analysis.judging.cells import tabulate
from analysis.judging.standing import ranks_in_words
from analysis.records.reading import Results, read
from tests.support.made_up import MadeUp
from tests.support.pages import rendered_as
from tests.support.tabulated import printed

SENTENCE = "1 + how many were shown to be faster than it, or than one at least as fast; = where several share that"
RATES = {"epoll": 1e5, "poll": 9.9e4, "select": 9.8e4, "asyncio": 5e4, "uvloop": 9.7e4}


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Results:
    run = MadeUp(capacity=RATES, groups=[(100, 64)], blocks=3, rounds=1)
    return read(run.write(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def cells(made_up: Results) -> pd.DataFrame:
    return tabulate(made_up)


@pytest.mark.parametrize(
    ("ranks", "more"),
    [
        ([1, 2, 3, 4, 5], ""),
        ([1, 1, 1, 5, 4], ""),
        ([1, 1, 1, 3, 1], ". So 3 follows =1, which 4 share: 2 were shown to be faster, ranked or not"),
        ([1, 1, 1, 2, 1], ". So 2 follows =1, which 4 share: 1 was shown to be faster, ranked or not"),
        ([1, 4, 5, 6, None], ". So 4 follows 1, which one has: 3 were shown to be faster, ranked or not"),
    ],
)
def test_a_rank_that_does_not_follow_has_its_reason(ranks: list[int | None], more: str, cells: pd.DataFrame) -> None:
    assert ranks_in_words(cells.assign(rank=pd.array(ranks, dtype="Int64"))) == SENTENCE + more


def test_without_ranks_there_is_nothing_to_say(cells: pd.DataFrame) -> None:
    assert ranks_in_words(cells.assign(rank=pd.array([None] * 5, dtype="Int64"))) == ""


def test_it_stands_at_the_table_of_the_page(made_up: Results, cells: pd.DataFrame) -> None:
    text = rendered_as(made_up, cells.assign(rank=pd.array([1, 1, 1, 3, 1], dtype="Int64")))
    caption = text.partition('id="table-caption"')[2].partition("</div>")[0]
    assert f"# is the rank: {SENTENCE}. So 3 follows =1" in caption
    assert "Who share one were not shown to differ." in caption


def test_it_stands_at_the_foot_of_the_terminals_table(made_up: Results) -> None:
    assert f"#: {SENTENCE}" in printed(made_up.folder, width=300)


def test_ratios_say_wherever_they_are_shown_that_they_are_no_quotients(made_up: Results, cells: pd.DataFrame) -> None:
    text = rendered_as(made_up, cells)
    for begin, end in (
        ('id="findings"', "</section>"),
        ('id="read-ratio"', "</template>"),
        ('id="table-caption"', "</div>"),
        ('data-column="ratio"', "</th>"),
        ("<dt>Ratios</dt>", "</dd>"),
    ):
        part = text.partition(begin)[2].partition(end)[0]
        assert "quotient of the rates" in part or "between the windows of one round" in part, begin
