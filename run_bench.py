"""Floods servers of every concurrency model side by side, and says what each costs.

This file is the table of contents: options -> config -> plan -> run -> say.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

try:
    from rich.markup import escape

    from harness import check, doctor, machine, options, plan, terminal
    from harness.config import SERVICES, ConfigError, load
    from harness.precision import Precision
    from harness.recorder import Recorder
    from harness.run import GivenUp, Run
    from harness.server import ServerFailed
    from harness.terminal import say
    from harness.watchdog import Watchdog
except ModuleNotFoundError as missing:
    print(
        f"run_bench.py: {missing.name} is not installed; run `make setup`, then use .venv/bin/python",
        file=sys.stderr,
    )
    sys.exit(2)
except KeyboardInterrupt:  # the imports take a moment
    sys.exit(130)

EXIT_CODES = {"complete": 0, "given up": 1, "interrupted": 130}
NOTHING_MEASURED = 1


def main(arguments: Sequence[str]) -> int:
    # A polite kill ends a run the way Ctrl-C does; and that works in the background too, where shells ignore it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        given = options.parse(arguments)
        return {"bench": bench, "check": check_only, "doctor": examine}[given.command](given)
    except ConfigError as error:
        print(f"run_bench.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def bench(given: argparse.Namespace) -> int:
    """Plan, check, measure, say. Exit code 0, 130 when interrupted, 1 when nothing was measured or it was given up."""
    config = load(options.HERE / "bench.toml", given.bench)
    overrides = plan.Overrides(given.strategies, given.service, given.clients, given.sizes, given.load, given.rate)
    precision = Precision(given.precision) if given.precision else None
    planned = plan.make(config, given.profile, overrides, given.seed, given.workers, precision, given.budget)
    terminal.say_plan(planned)
    terminal.say_warnings(doctor.warnings(config, planned.workers))
    if given.list:
        return 0
    machine.raise_descriptor_limit(max(planned.descriptors, check.DESCRIPTORS))
    recorder = Recorder(given.results, planned, sys.argv)
    outcome = "crashed"
    try:
        with Watchdog() as watchdog:
            absent = _checked(planned, recorder, watchdog, given.unchecked)
            with terminal.progress(planned.windows_seconds, "s of windows") as tell:
                run = Run(planned, recorder, watchdog, tell)
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
    return _said(recorder, outcome)


def examine(given: argparse.Namespace) -> int:
    """What this machine can measure. Exit code 0: warnings are no failure."""
    config = load(options.HERE / "bench.toml", given.bench)
    machine.raise_descriptor_limit(check.DESCRIPTORS)
    doctor.visit(config, given.results)
    return 0


def check_only(given: argparse.Namespace) -> int:
    """The conformance suite alone. Exit code 0 if every server conforms, else 1."""
    config = load(options.HERE / "bench.toml", given.bench)
    strategies = plan.select(config, given.strategies)
    machine.raise_descriptor_limit(check.DESCRIPTORS)
    services = list(given.service) or list(SERVICES)
    with (
        Watchdog() as watchdog,
        TemporaryDirectory() as logs,
        terminal.progress(len(strategies), "servers") as tell,
    ):
        verdicts = check.check(config, strategies, services, Path(logs), watchdog, tell)
    terminal.say_verdicts(verdicts)
    conforming = sum(verdict.conforms for verdict in verdicts.values())
    say(f"{conforming} of {len(verdicts)} strategies conform.")
    return 0 if conforming == len(verdicts) else 1


def _checked(planned: plan.Plan, recorder: Recorder, watchdog: Watchdog, unchecked: bool) -> dict[str, ServerFailed]:
    """Put every server through the conformance suite; those that are not to be measured, and why."""
    with terminal.progress(len(planned.strategies), "servers") as tell:
        verdicts = check.check(
            planned.config, planned.strategies, planned.services, recorder.logs / "check", watchdog, tell
        )
    terminal.say_verdicts(verdicts)
    absent = {}
    for name, verdict in verdicts.items():
        if verdict.absent is not None:
            absent[name] = verdict.absent
        elif verdict.failures and unchecked:
            recorder.unchecked(name, verdict.reason)
        elif verdict.failures:
            reason = f"fails the conformance suite ({verdict.reason}); --unchecked measures it all the same"
            absent[name] = ServerFailed(reason, skipped=True)
    return absent


def _said(recorder: Recorder, outcome: str) -> int:
    """Cells, charts and the closing table, from the files alone."""
    # Only now: drawing needs libraries that have no business in the memory of a harness that measures.
    from analysis import cells, charts, load, table

    try:
        written = cells.write(recorder.folder)
        with terminal.console.status("Drawing the charts"):
            drawn = charts.draw(recorder.folder)
        table.render(recorder.folder, terminal.console)
    except load.ResultsError as error:
        say(f"Nothing to show: {escape(str(error))}")
        return NOTHING_MEASURED
    if not recorder.measured:
        return EXIT_CODES[outcome] or NOTHING_MEASURED
    say(f"{recorder.share_in_windows:.0%} of the measuring time was spent inside windows.")
    say(f"Cells:  {escape(str(written))}")
    for folder in sorted({path.parent for path in drawn}):
        say(f"Charts: {escape(str(folder))}")
    return EXIT_CODES[outcome]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
