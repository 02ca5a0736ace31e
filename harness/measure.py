"""One run from its plan to the end of it: the servers checked, the plan carried out, the outcome recorded."""

import sys
from collections.abc import Callable, Container
from pathlib import Path

from rich.markup import escape

from harness import machine, terminal
from harness.conformance import suite
from harness.plan import Plan
from harness.recorder import Recorder
from harness.run import GivenUp, Run, Settled
from harness.server import ServerFailed
from harness.terminal import say
from harness.variants import Forms
from harness.watchdog import Watchdog


def measure(
    planned: Plan,
    forms: Forms,
    results: Path,
    unchecked: bool,
    settle: Callable[[Recorder], Settled] | None = None,
) -> tuple[Recorder, str]:
    """Check the servers and carry the plan out; what was measured, and how it ended."""
    machine.raise_descriptor_limit(max(planned.descriptors, suite.DESCRIPTORS))
    recorder = Recorder(results, planned, sys.argv)
    for note in forms.notes:
        recorder.note(note)
    outcome = "crashed"
    try:
        with Watchdog() as watchdog:
            absent = {label: ServerFailed(why) for label, why in forms.absent.items()}
            absent |= _checked(planned, absent, recorder, watchdog, unchecked)
            with terminal.progress(*planned.extent) as tell:
                run = Run(planned, recorder, watchdog, tell, settle and settle(recorder))
                run.carry_out(absent)
        terminal.say_precision(planned, {group: run.reached(group) for group in planned.groups})
        outcome = "complete"
    except KeyboardInterrupt:
        outcome = "interrupted"
        say("Interrupted" + (": what was measured so far is kept." if recorder.measured else "."))
    except GivenUp as failure:
        outcome = "given up"
        say(f"[red]Given up[/]: {escape(str(failure))}")
    finally:
        recorder.finish(outcome)
    return recorder, outcome


def _checked(
    planned: Plan, absent: Container[str], recorder: Recorder, watchdog: Watchdog, unchecked: bool
) -> dict[str, ServerFailed]:
    """Put every server through the conformance suite; those that are not to be measured, and why."""
    strategies = {label: strategy for label, strategy in planned.strategies.items() if label not in absent}
    with terminal.progress(len(strategies), "servers") as tell:
        found = suite.examine(planned.config, strategies, planned.services, recorder.logs / "check", watchdog, tell)
    terminal.say_conformance(found)
    unfit = {}
    for name, conformance in found.items():
        if conformance.absent is not None:
            unfit[name] = conformance.absent
        elif conformance.failures and unchecked:
            recorder.unchecked(name, conformance.reason)
        elif conformance.failures:
            reason = f"fails the conformance suite ({conformance.reason}); --unchecked measures it all the same"
            unfit[name] = ServerFailed(reason, skipped=True)
    return unfit
