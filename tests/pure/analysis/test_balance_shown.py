"""Where a run's balance is shown: terminal, chart, page; and nowhere where there is none."""

from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from analysis.drawing.charts import planned
from analysis.judging.balance import balances
from analysis.judging.cells import tabulate
from analysis.records import reading as records
from analysis.records.reading import Results
from analysis.report import page
from analysis.tables import balance as table
from tests.support.made_up import CONFIG, folder_of, histogram, row, window
from tests.support.sheets import assert_legible, chart_of, said

CROWDS = (4, 100, 500)
BLOCKS = 3
SHARES = {  # of the clients, by worker
    "prefork": {4: [4, 0, 0, 0], 100: [70, 20, 10, 0], 500: [250, 150, 60, 40]},
    "prefork-reuseport": {4: [2, 1, 1, 0], 100: [31, 20, 22, 27], 500: [131, 120, 126, 123]},
    "hand-over": {4: [1, 1, 1, 1], 100: [25, 25, 25, 25], 500: [125, 125, 125, 125]},
}


def rows_of(strategy: str, clients: int, block: int) -> list[dict[str, Any]]:
    """A window, and what each worker got: ten requests for each of its clients."""
    where = {"clients": clients, "block": block, "group": CROWDS.index(clients)}
    requests = 10 * clients
    told = [window(strategy, requests=requests, latencies=np.full(1100, 1e6), started_ns=block, **where)]
    for worker, connections in enumerate(SHARES[strategy][clients]):
        latency_hdr = histogram(np.full(10 * connections, 1e6)) if connections else None
        got = {"connections": connections, "requests": 10 * connections, "latency_hdr": latency_hdr}
        told.append(row("balance", {"strategy": strategy, "worker": worker} | where | got))
    return told


@pytest.fixture
def results(tmp_path: Path) -> Results:
    rows = [
        one for block in range(BLOCKS) for name in SHARES for crowd in CROWDS for one in rows_of(name, crowd, block)
    ]
    rows += [window("epoll", clients=crowd, block=block, group=group, latencies=np.full(1100, 1e6))
             for block in range(BLOCKS) for group, crowd in enumerate(CROWDS)]  # fmt: skip
    known = {name: {"command": "x", "family": CONFIG.strategies[name].family, "place": CONFIG.place(name)}
             for name in (*SHARES, "epoll")}  # fmt: skip
    return records.read(folder_of(tmp_path, rows, strategies=known))


def printed(results: Results, cells: pd.DataFrame) -> str:
    console = Console(file=StringIO(), width=120)
    table.render(results, cells, balances(results), console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_the_terminal_has_a_table_for_each_crowd_and_says_what_it_looks_like(results: Results) -> None:
    told = printed(results, tabulate(results))
    assert [line.strip() for line in told.splitlines() if line.startswith("Balance")] == [
        "Balance: echo, 4 clients, 64 B", "Balance: echo, 100 clients, 64 B", "Balance: echo, 500 clients, 64 B",
    ]  # fmt: skip
    assert "hand-over: each worker gets as many connections as the others, or one more" in told
    assert "prefork: connections are spread less evenly than by a fair draw" in told
    assert "prefork-reuseport: connections can't be told from a fair draw's" in told
    assert "epoll" not in told
    assert "70% \N{EN DASH} 0%" in told


def test_the_chart_has_a_panel_for_each_crowd_and_a_bar_for_each_strategy(results: Results) -> None:
    drawn = chart_of("balance", results, tabulate(results))
    assert [axes.get_title(loc="left") for axes in drawn.axes] == ["4 clients", "100 clients", "500 clients"]
    for axes, clients in zip(drawn.axes, CROWDS, strict=True):
        widths = [bar.get_width() for bar in axes.patches]
        shares = [connections / clients for of in SHARES.values() for connections in sorted(of[clients])[::-1]]
        assert widths == pytest.approx(shares)
    names = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert names == list(SHARES)
    assert "epoll" not in said(drawn)
    assert_legible(drawn)


def test_the_page_has_a_section_with_its_sentences(results: Results) -> None:
    html = page.render(results, tabulate(results))
    assert html.count('<a href="#balance">') == 1
    section = html.partition('<section id="balance"')[2].partition("</section>")[0]
    assert section.count("<rect ") == sum(
        connections > 0 for of in SHARES.values() for all_ in of.values() for connections in all_
    )
    assert "Connections can&#39;t be told from a fair draw&#39;s: prefork-reuseport at 4, 100, 500 clients (" in section


def test_a_run_without_workers_has_none_of_it(tmp_path: Path) -> None:
    rows = [window("epoll", clients=100, block=block, latencies=np.full(1100, 1e6)) for block in range(2)]
    results = records.read(folder_of(tmp_path, rows, strategies={"epoll": {"command": "x"}}))
    cells = tabulate(results)
    assert printed(results, cells) == ""
    assert not any(name.startswith("balance") for name, _ in planned(results, cells))
    assert "#balance" not in page.render(results, cells)
