"""One run from its plan to the end of it: the servers checked, the plan carried out, the outcome recorded."""

import sys
from collections.abc import Container
from pathlib import Path

from rich.markup import escape

from harness import disk, machine, terminal
from harness.config import ConfigError
from harness.conformance import suite
from harness.conformance.suite import Handled
from harness.doctor import doctor
from harness.plan import attached
from harness.plan.plan import Plan
from harness.processes import calibration
from harness.processes.calibration import Calibration
from harness.processes.server import ServerFailed
from harness.processes.stage import Stage
from harness.processes.watchdog import Watchdog
from harness.recorder import Recorder
from harness.run import soak
from harness.run.blocks import Rule
from harness.run.loading import GivenUp, Loading
from harness.run.run import carry_out
from harness.terminal import complain
from harness.variants.entries import Forms
from harness.views.view import View


def recorder_of(planned: Plan, results: Path) -> Recorder:
    """The record of a run that begins: its limits are raised first, as they are part of it."""
    machine.raise_descriptor_limit(max(planned.descriptors, suite.DESCRIPTORS))
    return Recorder(results, planned, sys.argv, lambda loop: doctor.ceiling_for(results, loop))


def measure(planned: Plan, forms: Forms, recorder: Recorder, rule: Rule | None, view: View, unchecked: bool) -> str:
    """Check the servers and carry the plan out until the rule calls it enough; without one soak its only server.

    How it ended.
    """
    recorder.tell = view.note
    for note in forms.notes:
        recorder.note(note)
    outcome = "crashed"
    try:
        with Watchdog() as watchdog, stage_of(planned, recorder, watchdog) as stage:
            loading = Loading(stage, planned, recorder)
            if planned.hosts.elsewhere:  # who has to be waited for comes first
                loading.gather(view.gathering)
            calibrated = _calibrated(planned, recorder)
            absent = {label: ServerFailed(why) for label, why in forms.absent.items()}
            absent |= _checked(planned, absent, recorder, watchdog, view, unchecked, calibrated)
            with view:
                if rule is None:
                    soak.carry_out(planned, recorder, stage, loading, view.tell, absent)
                else:
                    carry_out(planned, recorder, stage, loading, rule, view.tell, absent, calibrated)
        outcome = "complete"
    except KeyboardInterrupt:
        outcome = "interrupted"
        complain("Interrupted" + (": what was measured so far is kept." if recorder.measured else "."))
    except GivenUp as failure:
        outcome = "given up"
        complain(f"[red]Given up[/]: {escape(str(failure))}")
    except ConfigError:
        outcome = "refused"
        raise
    except OSError as error:
        if not disk.is_full(error):
            raise
        outcome = "failed"
        complain(f"[red]Failed[/]: {escape(disk.said(error, recorder.folder))}; what was measured so far is kept")
    finally:
        recorder.finish(outcome)
    return outcome


def stage_of(planned: Plan, recorder: Recorder, watchdog: Watchdog) -> Stage:
    """Where a plan's servers and load generator are."""
    return Stage(
        planned.config,
        watchdog,
        recorder.logs,
        server_cpus=planned.server_cpus,
        loader_cpus=planned.loader_cpus,
        backlog=planned.backlog,
        allow_remote=attached.reach_out(planned.strategies),
        host=planned.hosts.servers_at,
    )


def _calibrated(planned: Plan, recorder: Recorder) -> Calibration | None:
    """What a handler's time comes to here, where one computes. Raises GivenUp where that can't be counted."""
    if "computes" not in planned.handlers:
        return None
    try:
        found = calibration.count(planned.server_cpus[-1:])
    except ServerFailed as failure:
        raise GivenUp(str(failure)) from None
    recorder.calibrated(found)
    return found


def _checked(
    planned: Plan,
    absent: Container[str],
    recorder: Recorder,
    watchdog: Watchdog,
    view: View,
    unchecked: bool,
    calibrated: Calibration | None,
) -> dict[str, ServerFailed]:
    """Put every server through the conformance suite; those that are not to be measured, and why."""
    strategies = {label: strategy for label, strategy in planned.strategies.items() if label not in absent}
    with terminal.progress(len(strategies), "servers") as tell:
        handled = Handled(planned.handlers, calibrated.per_ms if calibrated else 0.0)
        logs = recorder.logs / "check"
        found = suite.examine(
            planned.config, strategies, planned.services, logs, watchdog, tell, handled, planned.transports
        )
    view.conformance(found)
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
