"""The gate's result in the terminal, a line for each figure, as benchstat has it: ~ where nothing was shown."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.gate import words
from analysis.gate.decision import Outcome
from analysis.gate.result import Gate, Row

WIDTH = 110
COLOURS = {Outcome.REGRESSION: "bold red", Outcome.IMPROVEMENT: "green", Outcome.UNDECIDED: "yellow"}


def render(gate: Gate, console: Console) -> None:
    """Print every row, what failed, and what the signs mean."""
    console.width = max(console.width, WIDTH)  # into a pipe rich assumes 80
    console.print(Text(words.compared(gate), style="bold"))
    if gate.rows:
        console.print(_table(gate))
    for what, cell, why in gate.aside:
        console.print(Text(f"{cell.strategy}, {words.point(cell, gate)}: {what}: {why}", "yellow"))
    for line in (*(f"Note: {note}" for note in gate.results.notes), *gate.reading):
        console.print(Text(line, style="dim"))
    console.print(Text(gate.verdict[0].upper() + gate.verdict[1:], style="bold"))


def _table(gate: Gate) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    table.add_column("strategy", overflow="fold", min_width=12)
    table.add_column("figure", no_wrap=True)
    for name in (gate.base, gate.head, "change by blocks", "p", "n", "shows"):
        table.add_column(Text(name), justify="right", no_wrap=True)
    table.add_column("outcome", overflow="fold")
    before = None
    for row in gate.rows:
        style = COLOURS.get(row.outcome, "" if row.metric.decides else "dim")  # type: ignore[call-overload]
        table.add_row(
            Text(words.cell(row, gate) if row.cell != before else ""),
            *(Text(text, style) for text in _figures(row)),
        )
        before = row.cell
    return table


def _figures(row: Row) -> list[str]:
    blocks = str(row.decision.blocks) if row.decision else "-"
    outcome = f"doubtful: {row.doubt}" if row.doubt else row.outcome or "reported"
    return [row.metric.name, words.value(row, row.base), words.value(row, row.head), words.change(row),
            words.p_value(row), blocks, words.detectable(row), outcome]  # fmt: skip
