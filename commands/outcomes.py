"""What verbs have in common: what they say before and meanwhile, how an end becomes an exit code, the page."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from harness import terminal
from harness.conformance.reached import must_answer
from harness.doctor import doctor
from harness.plan.plan import Plan
from harness.recorder import Recorder
from harness.run.measure import recorder_of
from harness.terminal import say
from harness.variants.entries import Forms
from harness.views import events
from harness.views.lines import LinesView
from harness.views.live import LiveView
from harness.views.view import View

if TYPE_CHECKING:
    import pandas as pd

    from analysis.gate.result import Gate
    from analysis.records.reading import Results

EXIT_CODES = {"complete": 0, "given up": 1, "failed": 4, "interrupted": 130}
NOTHING_MEASURED = 1
NOT_KEPT = 1


@contextmanager
def hushed(given: argparse.Namespace) -> Iterator[None]:
    """Nothing but errors is said until the result is there, nor then where programs read."""
    terminal.console.quiet = given.json or (given.quiet and not given.list)
    yield
    terminal.console.quiet = given.json


def begun(planned: Plan, forms: Forms, given: argparse.Namespace) -> Recorder | None:
    """Say what is going to be measured; what records it, or None where the plan alone was asked for."""
    warnings = announce(planned, forms, given)
    if given.list:
        return None
    must_answer(planned.config, planned.strategies, planned.services, given.unchecked)
    recorder = recorder_of(planned, given.results)
    recorder.warned(warnings)
    return recorder


def announce(planned: Plan, forms: Forms, given: argparse.Namespace) -> list[str]:
    """Say what is going to be measured, and what stands in the way; that."""
    from analysis import noise

    if given.json:
        events.emit_plan(planned)
        for note in forms.notes:
            events.emit_note(note)
    terminal.say_plan(planned, noise.expected_interval(planned.blocks, planned.rounds))
    for note in forms.notes:
        say(f"[yellow]Note[/]: {escape(str(note))}")
    warnings = doctor.warnings(planned.config, max(1, planned.workers - planned.hosts.elsewhere))
    terminal.say_warnings(warnings)
    return warnings


def page_of(results: "Results", cells: "pd.DataFrame", gate: "Gate | None" = None, folder: Path | None = None) -> str:
    """Where the page is, or why there is none: what was measured is whole without it."""
    from analysis.report import page

    try:
        with terminal.console.status("Making the page"):
            return str(page.write(results, cells, gate, folder))
    except Exception as error:
        return f"none ({type(error).__name__}: {error}); run_bench.py report {results.folder} tries again"


def drawn(results: "Results", cells: "pd.DataFrame") -> list[Path]:
    """The files of the charts, drawn."""
    from analysis.drawing import charts

    with terminal.console.status("Drawing the charts"):
        return charts.draw(results, cells)


def required(results: "Results", cells: "pd.DataFrame") -> int:
    """What came of the limits that the run was given, said and as JUnit; exit code 1 where one isn't kept, else 0."""
    from analysis.export import requirements as junit
    from analysis.judging import requirements
    from analysis.records import writing

    found = requirements.judged(results, cells)
    if found:
        for sentence in requirements.sentences(found):
            say(escape(sentence))
        written = writing.write(results.folder / junit.NAME, junit.render(found))
        say(f"JUnit:  {escape(str(written))}")
    return 0 if requirements.all_hold(found) else NOT_KEPT


def view_of(planned: Plan, forms: Forms, recorder: Recorder, given: argparse.Namespace) -> View:
    """How whoever waits is told meanwhile."""
    from analysis.so_far import SoFar

    attached = [label for label, strategy in planned.strategies.items() if strategy.attach]
    so_far = SoFar(recorder.windows, planned.config.reference, next(iter(forms.facts), ""), planned.usual, attached).of
    if given.json:
        return events.EventsView(planned, so_far)
    if given.quiet:
        return View(planned, so_far)
    return (LiveView if terminal.console.is_terminal else LinesView)(planned, so_far)


def end(said: Callable[[], int], outcome: str, recorder: Recorder, given: argparse.Namespace) -> int:
    """The exit code, told to programs too. What there is to say is said first, unless the run never began."""
    code = said() if recorder.is_kept else EXIT_CODES[outcome]
    if given.json:
        folder = str(recorder.folder) if recorder.is_kept else None
        events.emit("result", outcome=outcome, exit_code=code, folder=folder)
    return code
