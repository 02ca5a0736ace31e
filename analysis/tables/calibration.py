"""How noisy blocks are here, and which change a gate can promise in which time: from a run of base against itself."""

from collections.abc import Sequence
from math import isnan

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.gate import decision, words
from analysis.gate.decision import Outcome
from analysis.gate.result import Gate, Row
from analysis.tables.narrow import widest

CHANGES = (0.02, 0.05, 0.10)
PARTS = ((0, 4, 5), (1, 2, 3))  # of its columns: a narrow terminal has two tables, one below the other


def render(gate: Gate, console: Console) -> None:
    """For each figure the spread of its blocks, and the blocks and minutes that a change of some size takes."""
    if gate.results.windows["block"].nunique() < 2:
        console.print(Text("Fewer than two blocks were measured: nothing can be said of their spread."))
        return
    block_s = _seconds_per_block(gate)
    blocks = max((row.decision.blocks for row in gate.rows if row.decision), default=0)
    tables = [_table(gate, block_s, range(6), is_narrow=False)]
    if not console.is_terminal:
        console.width = max(console.width, widest(tables, console))  # in a pipe rich assumes 80
    elif widest(tables, console) > console.width:
        tables = [_table(gate, block_s, part, is_narrow=True) for part in PARTS]
    console.print(Text(f"The working tree against itself: {blocks} blocks of {block_s:.1f} s", style="bold"))
    for table in tables:
        console.print(table)
    budget = int(gate.results.run["gate"]["budget_s"] / block_s)
    console.print(Text(f"A budget of {gate.results.run['gate']['budget_s']:.0f} s takes about {budget} blocks of all "
                       "these. shown: in 95 of 100 cases, false alarms in at most "
                       f"{gate.rules.alarms:.0%} of runs.", style="dim"))  # fmt: skip
    alarms = gate.having(Outcome.REGRESSION, Outcome.IMPROVEMENT)
    console.print(Text(f"{len(alarms)} of {len(gate.having(*Outcome))} figures were called changed; none was.", "bold"))


def _table(gate: Gate, block_s: float, part: Sequence[int], is_narrow: bool) -> Table:
    """The columns that are of this part."""
    titles = ("a block's spread", *(f"{change:.0%} shown in" for change in CHANGES), "these blocks show", "found")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    table.add_column("strategy", overflow="fold", max_width=14 if is_narrow else None)
    table.add_column("figure", no_wrap=True)
    for place in part:
        table.add_column(titles[place], justify="right", no_wrap=True)
    for row in gate.rows:
        if row.metric.decides and row.decision:
            figures = _figures(row, gate, block_s)
            table.add_row(Text(words.cell(row, gate)), row.metric.name, *(figures[place] for place in part))
    return table


def _figures(row: Row, gate: Gate, block_s: float) -> list[str]:
    margin = gate.series[row.cell, row.metric].margin
    needed = [decision.blocks_for(row.spread, change, gate.rules, margin) for change in CHANGES]
    return [
        "-" if isnan(row.spread) else f"{row.spread * 100:.1f} %",
        *("never" if blocks is None else f"{blocks} blocks, {_minutes(blocks * block_s)}" for blocks in needed),
        words.detectable(row),
        words.change(row),
    ]


def _seconds_per_block(gate: Gate) -> float:
    """Of a run of all its cells, from its first window to its last."""
    windows = gate.results.windows
    blocks = windows.groupby("block")["started_ns"].min()
    return float(blocks.diff().median()) / 1e9


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
