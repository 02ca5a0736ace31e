"""Floods servers of every concurrency model side by side, and says what each costs.

This file is the table of contents: options -> config -> plan -> run -> say.
"""

import argparse
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

try:
    from rich.markup import escape

    from analysis import noise
    from analysis.stopping.budget import UntilUsedUp
    from analysis.stopping.fixed import FixedBlocks
    from analysis.stopping.precision import Precision, UntilPrecise
    from harness import forms, machine, options, terminal
    from harness.config import SERVICES, ConfigError, Gate, read
    from harness.conformance import suite
    from harness.doctor import doctor
    from harness.plan import plan
    from harness.processes.watchdog import Watchdog
    from harness.recorder import Recorder
    from harness.run.blocks import Rule
    from harness.run.measure import measure, recorder_of
    from harness.terminal import say
    from harness.variants.entries import Forms
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
GATE_BROKE = 4
BENCH_FILE = options.HERE / "bench.toml"


def main(arguments: Sequence[str]) -> int:
    # A polite kill ends a run the way Ctrl-C does; and that works in the background too, where shells ignore it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    command = ""
    try:
        given = options.parse(arguments)
        command = given.command
        commands = {"bench": bench, "gate": gate, "compare": compare, "check": check_only, "doctor": examine}
        return commands[command](given)
    except ConfigError as error:
        print(f"run_bench.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception:
        if command != "gate":
            raise
        traceback.print_exc()  # 1 would mean that head is slower
        return GATE_BROKE


def bench(given: argparse.Namespace) -> int:
    """Plan, check, measure, say. Exit code 0, 130 when interrupted, 1 when nothing was measured or it was given up."""
    if given.budget and not given.precision:
        raise ConfigError(
            "--budget: limits a run that goes on until it is precise; give --precision too, or leave it out"
        )
    config = read(BENCH_FILE, given.bench)
    overrides = options.overrides(given)
    precision = Precision(given.precision) if given.precision else None
    with forms.asked(config, given) as compared:
        planned = plan.make(config, compared.strategies, given.profile, overrides, given.seed, given.workers,
                            precision=precision, budget_s=given.budget, variants=compared.facts)  # fmt: skip
        _announce(planned, compared)
        if given.list:
            return 0
        recorder = recorder_of(planned, given.results)
        if precision:
            until = UntilPrecise(recorder.windows, precision, planned.cells, planned.rounds, planned.budget_s)
            outcome = measure(planned, compared, recorder, until, given.unchecked)
            if outcome == "complete":
                terminal.say_precision(planned.groups, precision.target, until.reached)
        else:
            fixed = FixedBlocks(planned.blocks, planned.rounds, planned.blocks_at_most_s)
            outcome = measure(planned, compared, recorder, fixed, given.unchecked)
    return _said(recorder, outcome)


def gate(given: argparse.Namespace) -> int:
    """Base against head. Exit code 0: nothing found, 1: regression, 3: undecided, 4: measurement invalid."""
    config = read(BENCH_FILE, given.bench)
    changed = {"budget_s": given.budget, "margin": given.margin}
    rules = config.gate.model_copy(update={key: value for key, value in changed.items() if value is not None})
    overrides = options.overrides(given)
    with forms.base_and_head(config, given) as compared:
        planned = plan.make(config, compared.strategies, given.profile, overrides, given.seed, given.workers,
                            gate=rules, budget_s=rules.budget_s, variants=compared.facts)  # fmt: skip
        planned = plan.fitted(planned, 2 * rules.first_look)
        _announce(planned, compared)
        if given.list:
            return 0
        recorder = recorder_of(planned, given.results)
        outcome = measure(planned, compared, recorder, _rule_of_gate(planned, rules, recorder, given), given.unchecked)
    return _judged(recorder, outcome, given)


def compare(given: argparse.Namespace) -> int:
    """Two results folders. Exit code 0: no regression, 1: one, 3: undecided, or of two runs, 4: nothing decides."""
    from analysis import compare
    from analysis.records.reading import ResultsError
    from analysis.tables import gate as table

    try:
        found = compare.compare(given.folder_a, given.folder_b, read(BENCH_FILE).gate.model_dump())
        table.render(found, terminal.console)
        for folder in sorted({path.parent for path in compare.write(found, given.results)}):
            say(f"Charts: {escape(str(folder))}")
    except ResultsError as error:
        raise ConfigError(str(error)) from None
    return found.exit_code


def examine(given: argparse.Namespace) -> int:
    """What this machine can measure. Exit code 0: warnings are no failure."""
    config = read(BENCH_FILE, given.bench)
    machine.raise_descriptor_limit(suite.DESCRIPTORS)
    doctor.visit(config, given.results, noise.estimated)
    return 0


def check_only(given: argparse.Namespace) -> int:
    """The conformance suite alone. Exit code 0 if every server conforms, else 1."""
    config = read(BENCH_FILE, given.bench)
    strategies = plan.select(config, given.strategies)
    machine.raise_descriptor_limit(suite.DESCRIPTORS)
    services = list(given.service) or list(SERVICES)
    with (
        Watchdog() as watchdog,
        TemporaryDirectory() as logs,
        terminal.progress(len(strategies), "servers") as tell,
    ):
        found = suite.examine(config, strategies, services, Path(logs), watchdog, tell)
    terminal.say_conformance(found)
    conforming = sum(conformance.conforms for conformance in found.values())
    say(f"{conforming} of {len(found)} strategies conform.")
    return 0 if conforming == len(found) else 1


def _announce(planned: plan.Plan, compared: Forms) -> None:
    terminal.say_plan(planned, noise.expected_interval(planned.blocks, planned.rounds))
    for note in compared.notes:
        say(f"[yellow]Note[/]: {escape(str(note))}")
    terminal.say_warnings(doctor.warnings(planned.config, planned.workers))


def _rule_of_gate(planned: plan.Plan, rules: Gate, recorder: Recorder, given: argparse.Namespace) -> Rule:
    if given.calibrate:
        return UntilUsedUp(planned.cells, planned.rounds, planned.budget_s)
    from analysis.stopping.gate import UntilDecided

    return UntilDecided(recorder.folder, planned.cells, rules.first_look, planned.rounds, planned.budget_s)


# --- what is said of it ---------------------------------------------------------------------------------


def _said(recorder: Recorder, outcome: str) -> int:
    """Cells, charts and the closing table, from the files alone."""
    # Only now: drawing needs libraries that have no business in the memory of a harness that measures.
    from analysis.drawing import charts
    from analysis.judging import cells
    from analysis.records import reading as records
    from analysis.tables import run as table

    try:
        results = records.read(recorder.folder)
        tabulated = cells.tabulate(results)
        written = cells.write(results, tabulated)
        with terminal.console.status("Drawing the charts"):
            drawn = charts.draw(results, tabulated)
        table.render(results, tabulated, terminal.console)
    except records.ResultsError as error:
        say(f"Nothing to show: {escape(str(error))}")
        return NOTHING_MEASURED
    if not recorder.measured:
        return EXIT_CODES[outcome] or NOTHING_MEASURED
    say(f"{recorder.share_in_windows:.0%} of the measuring time was spent inside windows.")
    say(f"Cells:  {escape(str(written))}")
    for folder in sorted({path.parent for path in drawn}):
        say(f"Charts: {escape(str(folder))}")
    return EXIT_CODES[outcome]


def _judged(recorder: Recorder, outcome: str, given: argparse.Namespace) -> int:
    """The gate's result in all its forms, from the files alone."""
    from analysis import publish
    from analysis.gate import result
    from analysis.judging import cells
    from analysis.records import reading as records
    from analysis.tables import calibration
    from analysis.tables import gate as table

    try:
        results = records.read(recorder.folder)
        found = result.examine(results)
        cells.write(results, found.table)
        (calibration if given.calibrate else table).render(found, terminal.console)
        for folder in sorted({path.parent for path in publish.write(found)}):
            say(f"Written: {escape(str(folder))}")
    except records.ResultsError as error:
        say(f"Nothing to show: {escape(str(error))}")
        return result.EXIT_INVALID
    if outcome == "interrupted":
        return EXIT_CODES[outcome]
    if given.calibrate:
        return EXIT_CODES[outcome]
    if found.exit_code == result.EXIT_UNDECIDED and given.undecided:
        return {"pass": 0, "fail": 1}[given.undecided]
    return found.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
