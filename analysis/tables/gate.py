"""The gate's result in the terminal, a line for each figure, as benchstat has it: ~ where nothing was shown."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.gate import words
from analysis.gate.decision import Outcome
from analysis.gate.result import Gate, Row
from analysis.tables.narrow import Without, fitted

WIDTH = 110
COLOURS = {Outcome.REGRESSION: "bold red", Outcome.IMPROVEMENT: "green", Outcome.UNDECIDED: "yellow"}


def render(gate: Gate, console: Console) -> None:
    """Print every row, what failed, and what the signs mean."""
    sides, is_narrow = (gate.base, gate.head), console.is_terminal and console.width < WIDTH
    if gate.rows:
        tables, without = fitted(lambda without: [_table(gate, without, is_narrow)], ("p", "n", *sides), console, WIDTH)
    console.print(Text(words.compared(gate), style="bold"))
    if gate.rows:
        console.print(*tables)
        if without:
            console.print(
                Text(f"The terminal is narrow: {', '.join(without)} are on the page, and in a wider one.", "dim")
            )
    for what, cell, why in gate.aside:
        console.print(Text(f"{cell.strategy}, {words.point(cell, gate)}: {what}: {why}", "yellow"))
    for line in (*(f"Note: {note}" for note in (*gate.results.warnings, *gate.results.notes)), *gate.reading):
        console.print(Text(line, style="dim"))
    console.print(Text(gate.verdict[0].upper() + gate.verdict[1:], style="bold"))


def _table(gate: Gate, without: Without, is_narrow: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    table.add_column("strategy", overflow="fold", min_width=12, max_width=16 if is_narrow else None)
    table.add_column("figure", no_wrap=True)
    names = (gate.base, gate.head, "change by blocks", "p", "n", "shows")
    kept = [place for place, name in enumerate(names) if name not in without]
    for place in kept:
        table.add_column(Text(names[place]), justify="right", no_wrap=True)
    table.add_column("outcome", overflow="fold", max_width=17 if is_narrow else None)
    before = None
    for row in gate.rows:
        style = COLOURS.get(row.outcome, "" if row.metric.decides else "dim")  # type: ignore[call-overload]
        table.add_row(
            Text(words.cell(row, gate) if row.cell != before else ""),
            Text(row.metric.name, style),
            *(Text(text, style) for place, text in enumerate(_figures(row)) if place in kept),
            Text(f"doubtful: {row.doubt}" if row.doubt else row.outcome or "reported", style),
        )
        before = row.cell
    return table


def _figures(row: Row) -> list[str]:
    blocks = str(row.decision.blocks) if row.decision else "-"
    return [words.value(row, row.base), words.value(row, row.head), words.change(row), words.p_value(row), blocks,
            words.detectable(row)]  # fmt: skip
