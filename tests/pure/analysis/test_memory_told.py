"""How sure the memory of a connection is: its blocks' least and most, in cells.csv and wherever the page shows it."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.judging.cells import tabulate
from analysis.records.reading import Results, read
from analysis.report import memory, sweeps
from analysis.report.entries import entries
from analysis.report.ratios import Ratios
from tests.support.made_up import folder_of, footprint, window
from tests.support.pages import rendered_as

KIB = 1 << 10
TAKEN = {"epoll": (2, 2), "forking": (1000, 1100), "poll": (3,), "select": ()}  # KiB a connection, in each block


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, pd.DataFrame]:
    """Strategies whose memory was looked at in two blocks, in one, and in none."""
    records = [window(name, clients=101, block=block) for name in TAKEN for block in range(3)]
    records += [
        footprint(name, clients=101, block=block, one_client_bytes=KIB, crowd_bytes=KIB + 100 * taken * KIB, threads=1)
        for name, blocks in TAKEN.items() for block, taken in enumerate(blocks)
    ]  # fmt: skip
    records.append(footprint("select", clients=101, block=0, threads=1))
    results = read(folder_of(tmp_path_factory.mktemp("run"), records))
    return results, tabulate(results)


def of(cells: pd.DataFrame, strategy: str) -> pd.Series:
    return cells[cells["strategy"] == strategy].iloc[0]


def test_cells_have_the_least_and_the_most_and_of_how_many_blocks(made_up: tuple[Results, pd.DataFrame]) -> None:
    _, cells = made_up
    forking = of(cells, "forking")
    assert forking[[memory.MEMORY, *memory.ENDS]].tolist() == [1050.0, 1000.0, 1100.0]
    assert forking["memory_per_connection_blocks"] == 2
    assert of(cells, "select")[[memory.MEMORY, *memory.ENDS, "memory_per_connection_blocks"]].isna().all()


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ("epoll", "2.00 KiB (the same in 2 blocks)"),
        ("forking", "1,050 KiB (1,000 to 1,100 in 2 blocks)"),
        ("poll", "3.00 KiB (1 block)"),
    ],
)
def test_it_is_told_with_its_blocks(strategy: str, said: str, made_up: tuple[Results, pd.DataFrame]) -> None:
    assert memory.told(of(made_up[1], strategy)) == said


def test_its_bar_goes_from_the_least_to_the_most(made_up: tuple[Results, pd.DataFrame]) -> None:
    results, cells = made_up
    everyone = entries(results.run, cells)
    (chart,) = [chart for sweep in sweeps.sweeps(results, cells, everyone, Ratios(results, everyone))
                for chart in sweep.charts if chart.figure.kind == "memory"]  # fmt: skip
    rows = {row["s"]: row for row in chart.spec["datasets"]["rows"]}
    assert (rows["forking"]["low"], rows["forking"]["high"]) == (1000.0, 1100.0)
    assert rows["forking"]["b"] == "1,000 KiB to 1,100 KiB"
    (points,) = [layer for layer in chart.spec["layer"] if "tooltip" in layer["encoding"]]
    titles = [told["title"] for told in points["encoding"]["tooltip"]]
    assert "least to most of its blocks" in titles
    assert "95 %, with the machine's movement" not in titles


def test_findings_table_and_card_have_it(made_up: tuple[Results, pd.DataFrame]) -> None:
    text = rendered_as(*made_up)
    findings = text.partition('id="findings"')[2].partition("</section>")[0]
    assert (
        "between 2.00 KiB (epoll, the same in 2 blocks) and 1,050 KiB (forking, 1,000 to 1,100 in 2 blocks)" in findings
    )
    assert memory.RANGE in findings
    assert 'class="number of-memory" title="1,000 to 1,100 in 2 blocks">1,050<' in text
    assert '<td class="number">1,050 KiB (1,000 to 1,100 in 2 blocks)</td>' in text


def test_a_run_that_tells_no_memory_has_none(tmp_path: Path) -> None:
    results = read(folder_of(tmp_path, [window("epoll", clients=101, block=block) for block in range(2)]))
    cells = tabulate(results)
    assert memory.of_blocks(cells.iloc[0]) == ""
    assert "KiB/conn." not in rendered_as(results, cells).partition("What the columns mean")[0]
