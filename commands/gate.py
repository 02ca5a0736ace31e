"""`run_bench.py gate`: did a change make it slower? Base against head, with known error rates."""

import argparse
import traceback

from rich.markup import escape

from commands import compared, options, values
from commands.outcomes import EXIT_CODES, begun, end, hushed, page_of, view_of
from commands.paths import BENCH_FILE
from harness import disk, terminal
from harness.config import ConfigError, Gate, read
from harness.plan import plan, selection
from harness.plan.plan import Plan
from harness.recorder import Recorder
from harness.run.blocks import Rule
from harness.run.measure import measure
from harness.terminal import say

BROKE = 4
EXAMPLES = """\
  run_bench.py gate --against main --strategies epoll,twisted --budget 5m
                                                     exit code 1 where the working tree is slower than main
  run_bench.py gate --calibrate --strategies epoll --budget 5m
                                                     how noisy it is here, and what can be found in which time
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What is compared, how it is measured, where it goes."""
    which = parser.add_argument_group("what to take")
    options.add_choice(which)
    options.add_bench_file(which)
    options.add_variants(which)
    options.add_measuring(parser, "gate", "gate", _add_own)
    options.add_elsewhere(parser)
    options.add_results(parser)
    options.add_telling(parser)


def _add_own(how: options.Group) -> None:
    how.add_argument(
        "--budget",
        type=values.seconds,
        metavar="TIME",
        help="what is undecided is measured on for at most so long (default: bench.toml's, 10m)",
    )
    how.add_argument(
        "--margin",
        type=values.share,
        metavar="SHARE",
        help="promise that throughput and CPU got worse by no more than this (default: bench.toml's, 5%%)",
    )
    how.add_argument(
        "--undecided",
        choices=("pass", "fail"),
        metavar="HOW",
        help="exit with 0 (pass) or 1 (fail) where something is undecided, instead of 3",
    )
    how.add_argument(
        "--calibrate",
        action="store_true",
        help="compare the working tree with itself for the whole budget: how noisy are blocks here, and which change "
        "can be promised in which time?",
    )


def run(given: argparse.Namespace) -> int:
    """Base against head. Exit code 0: nothing found, 1: regression, 3: undecided, 4: measurement invalid."""
    try:
        return _run(given)
    except ConfigError:
        raise
    except Exception as error:
        if disk.is_full(error):
            raise
        traceback.print_exc()  # 1 would mean that head is slower
        return BROKE


def _run(given: argparse.Namespace) -> int:
    config = read(BENCH_FILE, given.bench)
    changed = {"budget_s": given.budget, "margin": given.margin}
    rules = config.gate.model_copy(update={key: value for key, value in changed.items() if value is not None})
    overrides = options.overrides(given)
    with hushed(given), compared.base_and_head(config, given) as forms:
        planned = plan.make(config, forms.strategies, given.profile, overrides, given.seed, given.workers,
                            gate=rules, budget_s=rules.budget_s, variants=forms.facts,
                            named=selection.named(given.strategies))  # fmt: skip
        planned = options.over_hosts(plan.fitted(planned, 2 * rules.first_look), given)
        recorder = begun(planned, forms, given)
        if recorder is None:
            return 0
        view, rule = view_of(planned, forms, recorder, given), _rule(planned, rules, recorder, given)
        outcome = measure(planned, forms, recorder, rule, view, given.unchecked)
    return end(lambda: _judged(recorder, outcome, given), outcome, recorder, given)


def _rule(planned: Plan, rules: Gate, recorder: Recorder, given: argparse.Namespace) -> Rule:
    if given.calibrate:
        from analysis.stopping.budget import UntilUsedUp

        return UntilUsedUp(planned.cells, planned.rounds, planned.budget_s)
    from analysis.stopping.gate import UntilDecided

    return UntilDecided(recorder.folder, planned.cells, rules.first_look, planned.rounds, planned.budget_s)


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
        text = next(path for path in publish.write(found) if path.name == "gate.md")
        say(f"Written: {escape(str(text))}, beside it what programs read, and charts/")
        say(f"Page:    {escape(page_of(results, found.table, found))}")
    except records.ResultsError as error:
        say(f"Nothing to show: {escape(str(error))}")
        return result.EXIT_INVALID
    if outcome == "interrupted":
        return EXIT_CODES[outcome]
    if given.calibrate or outcome == "failed":
        return EXIT_CODES["complete"] if outcome == "complete" else result.EXIT_INVALID
    if found.exit_code == result.EXIT_UNDECIDED and given.undecided:
        return {"pass": 0, "fail": 1}[given.undecided]
    return found.exit_code
