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
    for what, cells in (("failed", gate.failures), ("base failed", gate.broken), ("not compared", gate.absent)):
        for cell, why in cells.items():
            console.print(Text(f"{cell.strategy}, {cell.group[0]}, {cell.group[1]} clients: {what}: {why}", "yellow"))
    for line in _how_to_read(gate):
        console.print(Text(line, style="dim"))
    console.print(Text(gate.verdict[0].upper() + gate.verdict[1:], style="bold"))


def _table(gate: Gate) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    table.add_column("strategy", overflow="fold", min_width=12)
    table.add_column("figure", no_wrap=True)
    for name in (gate.base, gate.head, "change", "p", "n", "shows"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("outcome", overflow="fold")
    before = None
    for row in gate.rows:
        style = COLOURS.get(row.outcome, "" if row.metric.decides else "dim")  # type: ignore[call-overload]
        table.add_row(
            words.cell(row, gate) if row.cell != before else "",
            *(Text(text, style) for text in _figures(row)),
        )
        before = row.cell
    return table


def _figures(row: Row) -> list[str]:
    blocks = str(row.decision.blocks) if row.decision else "-"
    outcome = f"doubtful: {row.doubt}" if row.doubt else row.outcome or "reported"
    return [row.metric.name, words.value(row, row.base), words.value(row, row.head), words.change(row),
            words.chance(row), blocks, words.detectable(row), outcome]  # fmt: skip


def _how_to_read(gate: Gate) -> list[str]:
    settings = gate.results.run["gate"]
    if gate.advisory:
        return [f"Advisory: {gate.advisory}.", "change: of B by A, ± the 95 % interval; ~ where none was shown."]
    marks = [f"Note: {mark}" for mark in gate.results.run.get("marks") or []]
    if gate.base == "A":
        return [*marks, "change: of B by A, ± the 95 % interval over n blocks of both; ~ where none was shown."]
    return [
        *marks,
        "change: of head by base, ± the 95 % interval over n blocks of fresh servers, ~ where none was shown. "
        "shows: the loss that would have been shown in 95 of 100 cases.",
        f"A regression is confirmed on blocks of its own (all of them together: a false alarm in at most "
        f"{gate.rules.alarms:.0%} of runs) and above {gate.rules.floor:.0%}. "
        f"The margin is {settings['margin']:.0%}, of the p99 {settings['p99_margin']:.0%}.",
    ]
