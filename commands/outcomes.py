"""What verbs that measure have in common: the plan is said before, and how a run ended becomes an exit code."""

from rich.markup import escape

from harness import terminal
from harness.doctor import doctor
from harness.plan.plan import Plan
from harness.terminal import say
from harness.variants.entries import Forms

EXIT_CODES = {"complete": 0, "given up": 1, "failed": 4, "interrupted": 130}
NOTHING_MEASURED = 1


def announce(planned: Plan, forms: Forms) -> None:
    """Say what is going to be measured, and what stands in the way."""
    from analysis import noise

    terminal.say_plan(planned, noise.expected_interval(planned.blocks, planned.rounds))
    for note in forms.notes:
        say(f"[yellow]Note[/]: {escape(str(note))}")
    terminal.say_warnings(doctor.warnings(planned.config, planned.workers))
