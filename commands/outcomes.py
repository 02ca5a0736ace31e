"""What verbs have in common: the plan is said before, how a run ended becomes an exit code, a page is made of it."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from analysis import noise
from harness import terminal
from harness.doctor import doctor
from harness.plan.plan import Plan
from harness.terminal import say
from harness.variants.entries import Forms

if TYPE_CHECKING:
    import pandas as pd

    from analysis.gate.result import Gate
    from analysis.records.reading import Results

EXIT_CODES = {"complete": 0, "given up": 1, "failed": 4, "interrupted": 130}
NOTHING_MEASURED = 1


def announce(planned: Plan, forms: Forms) -> None:
    """Say what is going to be measured, and what stands in the way."""
    terminal.say_plan(planned, noise.expected_interval(planned.blocks, planned.rounds))
    for note in forms.notes:
        say(f"[yellow]Note[/]: {escape(str(note))}")
    terminal.say_warnings(doctor.warnings(planned.config, planned.workers))


def page_of(results: "Results", cells: "pd.DataFrame", gate: "Gate | None" = None, folder: Path | None = None) -> str:
    """Where the page is, or why there is none: what was measured is whole without it."""
    from analysis.report import page

    try:
        with terminal.console.status("Making the page"):
            return str(page.write(results, cells, gate, folder))
    except Exception as error:
        return f"none ({type(error).__name__}: {error}); run_bench.py report {results.folder} tries again"
