"""Cost and latency at the same rate, as tables in the terminal."""

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.judging.at_rate import rates
from analysis.records.reading import Results

HOW = "At the same rate: CPU time a request and mean latency with their 95 % intervals over blocks; ?: doubtful."


def render(results: Results, cells: pd.DataFrame, console: Console) -> None:
    """Print each rate, the cheapest first; nothing where nobody is compared at one."""
    found = list(rates(results, cells))
    for rate in found:
        table = Table(title=Text(f"Cost: {rate.name}", style="bold"), title_justify="left", box=box.SIMPLE_HEAD,
                      pad_edge=False, padding=(0, 1), collapse_padding=True)  # fmt: skip
        table.add_column("strategy", overflow="fold")
        for name in ("CPU/req", "mean latency", "CPU busy"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in rate.rows:
            table.add_row(*map(Text, (row.name, row.cost, row.latency, row.busy)))
        console.print(table)
    if found:
        console.print(Text(HOW, style="dim"))
