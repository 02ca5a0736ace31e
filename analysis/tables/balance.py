"""Who got the connections, as a table in the terminal: a block of rows per group, below those of the figures."""

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis import units
from analysis.judging.balance import IN_WORDS, Balance, Balances, shared
from analysis.records.points import by_group, key_of, member, title
from analysis.records.reading import Results
from analysis.statistics import Estimate

TO = "\N{EN DASH}"
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
COLUMNS = ("workers", "idle", f"connections {PLUS_MINUS}", "by lot", f"requests {PLUS_MINUS}", "shares", "p99")
HOW = (
    f"{PLUS_MINUS} between workers: the coefficient of variation over all of them, in brackets its 95 % interval over "
    "blocks. Shares and p99: from the worker that answered most to the one that answered least."
)


def render(results: Results, cells: pd.DataFrame, found: Balances, console: Console) -> None:
    """Print each group in which workers share connections; nothing where there is none."""
    known = cells[shared(cells, found)]
    if known.empty:
        return
    for group in by_group(known):
        there = [(cell, found[key_of(cell)]) for _, cell in group.iterrows()]
        table = Table(title=Text(f"Balance: {title(group, results.usual)}", style="bold"), title_justify="left",
                      box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)  # fmt: skip
        table.add_column("strategy", overflow="fold")
        for name in COLUMNS:
            table.add_column(name, justify="right", no_wrap=True)
        for cell, balance in there:
            table.add_row(Text(member(cell)), *map(Text, _cells(balance)))
        console.print(table)
        for lot, words in IN_WORDS.items():
            if who := [member(cell) for cell, balance in there if balance.lot == lot]:
                console.print(Text(f"  {', '.join(who)}: {words}", style="dim"))
        console.print()
    console.print(Text(HOW, style="dim"))


def _cells(balance: Balance) -> list[str]:
    workers = balance.by_worker
    waits = [worker.p99_us.value for worker in workers if worker.p99_us.value == worker.p99_us.value]
    return [
        str(len(workers)),
        f"{balance.idle:.1f}",
        variation(balance.connections_cv),
        f"{balance.cv_by_lot:.0%}",
        variation(balance.requests_cv),
        f"{workers[0].share.value:.0%} {TO} {workers[-1].share.value:.0%}",
        f"{units.duration(waits[0])} {TO} {units.duration(waits[-1])}" if waits else "-",
    ]


def variation(cv: Estimate) -> str:
    """18 % (15-21)."""
    if cv.value != cv.value:
        return "-"
    between = f" ({cv.low * 100:.0f}{TO}{cv.high * 100:.0f})" if cv.low == cv.low else ""
    return f"{cv.value * 100:.0f} %{between}"
