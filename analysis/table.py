"""The run as a table in the terminal: a block of rows per group, the fastest first."""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis import units
from analysis.cells import tabulate
from analysis.command import main
from analysis.load import GROUP_KEYS, Results, load
from analysis.pages import label, served

TIMES = "\N{MULTIPLICATION SIGN}"
NONE = "-"
WIDTH = 100
LOPSIDED = 2.0


def render(results: Path, console: Console) -> None:
    """Print every group of the run. ResultsError if the folder cannot be read."""
    found = load(results)
    cells = tabulate(found)
    if cells.empty:
        console.print(Text("Nothing was measured."))
        return
    console.width = max(console.width, WIDTH)  # into a pipe rich assumes 80 and would cut the notes off
    for _, group in cells.groupby(GROUP_KEYS, sort=False, dropna=False):
        console.print(_group(found, group))
        for line in _remarks(group):
            console.print(Text(line, style="dim"))
        console.print()
    few = cells["throughput_rps"].notna() & cells["throughput_rps_low"].isna()
    reference = found.run.get("reference")
    measured = reference in set(cells["strategy"])
    ratio = (
        f"Ratio to {reference} within blocks, ~ where it may be 1." if measured else f"No ratios without {reference}."
    )
    how = f"±: 95 % interval over blocks. {ratio} CPU of the server."
    console.print(Text(how, style="dim"))
    if few.any():
        console.print(Text("No interval where there are fewer than two blocks with replies.", style="dim"))


def _group(results: Results, group: pd.DataFrame) -> Table:
    first = group.iloc[0]
    reference = results.run.get("reference") or "reference"
    title = (
        f"{first['service']}, {units.clients(int(first['clients']))}, {units.size(first['message_size'])}, "
        f"{units.connections(first['requests_per_connection'])}"
    )
    if first["load"] != "closed":
        title += f", {first['load']} load"
    table = Table(title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False,
                  padding=(0, 1), collapse_padding=True)  # fmt: skip
    longest = max(len(label(cell)) for _, cell in group.iterrows())
    table.add_column("strategy", overflow="fold", min_width=min(longest, 22))
    table.add_column("requests/s", justify="right", no_wrap=True)
    for name in ("ratio", "p50", "p99", "CPU/req"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("note", overflow="fold")
    # A rate at which some clients are never served comes after those that serve all.
    served_first = group.assign(starving=group["starved"].fillna(0) > 0)
    by = {"starving": True, "throughput_rps": False}
    for _, cell in served_first.sort_values(list(by), ascending=list(by.values()), kind="stable").iterrows():
        table.add_row(*_row(cell, str(reference)))
    return table


def _row(cell: pd.Series, reference: str) -> list[Text]:
    is_measured = pd.notna(cell["throughput_rps"])
    dim = "" if is_measured else "dim"
    return [
        Text(label(cell), style="bold" if cell["strategy"] == reference else dim),
        Text(_throughput(cell) if is_measured else NONE, style=dim),
        Text("1" if cell["strategy"] == reference and not cell["variant"] and is_measured else _ratio(cell)),
        *(Text(_time(cell[name])) for name in ("p50_us", "p99_us", "server_cpu_us_per_request")),
        Text(_note(cell), style="yellow"),
    ]


def _throughput(cell: pd.Series) -> str:
    value, low, high = (cell[f"throughput_rps{end}"] for end in ("", "_low", "_high"))
    if pd.isna(low):
        return units.count(value)
    if high / low > LOPSIDED:  # on the log scale: not half of it on either side
        return f"{units.count(value)} ({units.count(low)} to {units.count(high)})"
    return f"{units.count(value)} ± {(high - low) / 2 / value * 100:4.1f} %"


def _ratio(cell: pd.Series) -> str:
    if pd.isna(cell["ratio"]):
        return NONE
    if pd.isna(cell["ratio_low"]):
        return f"{TIMES} {cell['ratio']:.2f}       "
    unclear = cell["ratio_low"] <= 1 <= cell["ratio_high"]
    half = (cell["ratio_high"] - cell["ratio_low"]) / 2
    return f"{'~' if unclear else ''} {TIMES} {cell['ratio']:.2f} ± {half:.2f}"


def _time(microseconds: Any) -> str:
    return NONE if pd.isna(microseconds) else units.duration(microseconds)


def _note(cell: pd.Series) -> str:
    parts = [] if cell["status"] == "ok" else [str(cell["status"])]
    if served(cell):
        parts.append(f"{served(cell)} served")
    if pd.notna(cell["errors"]) and cell["errors"]:
        parts.append("1 error" if cell["errors"] == 1 else f"{units.count(cell['errors'])} errors")
    return ", ".join(parts)


def _remarks(group: pd.DataFrame) -> list[str]:
    told = group[group["reason"] != ""]
    return [f"  {label(cell)}: {cell['reason']}" for _, cell in told.iterrows()]


def _show(results: Path) -> list[Path]:
    render(results, Console())
    return []


if __name__ == "__main__":
    sys.exit(main("python -m analysis.table", "print the table of a run", _show))
