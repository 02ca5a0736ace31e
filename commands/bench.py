"""`run_bench.py`: strategies measured side by side."""

import argparse

from rich.markup import escape

from commands import compared, options, values
from commands.outcomes import EXIT_CODES, NOTHING_MEASURED, begun, drawn, end, hushed, page_of, required, view_of
from commands.paths import BENCH_FILE
from harness import terminal
from harness.config import ConfigError, read
from harness.plan import plan, selection
from harness.recorder import Recorder
from harness.run.measure import measure
from harness.terminal import say

EXAMPLES = """\
  run_bench.py                                       the default profile and its strategies: 4 to 5 minutes
  run_bench.py --strategies all                      every strategy there is, in the default profile
  run_bench.py --strategies chapter,epoll --profile quick
                                                     a first look: about a minute
  run_bench.py --strategies 'asyncio*,epoll' --clients 1,10,100 --sizes 64,16KiB
  run_bench.py --strategies epoll,gevent --precision 2% --budget 5m
                                                     until each rate is known within 2 %
  run_bench.py --strategies epoll,twisted --clients 100 --load open --rate 2000,50%,80%
                                                     latency at a rate that doesn't wait (--list: how long)
  run_bench.py --list                                the plan and its time, nothing started
  run_bench.py --bench mine.toml --strategies mine,epoll
                                                     your own server beside ours (docs/strategies.md)
  run_bench.py --strategies twisted --variants twisted-24,twisted-25
                                                     two versions of a library side by side (bench.toml, [variants])
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What is taken, how it is measured, where it goes."""
    which = parser.add_argument_group("what to take")
    options.add_choice(which)
    options.add_bench_file(which)
    options.add_variants(which)
    options.add_measuring(parser, "bench", "default", _add_own)
    options.add_hosts(parser)
    options.add_elsewhere(parser)
    where = options.add_results(parser)
    where.add_argument(
        "--no-charts",
        action="store_true",
        help="write the figures alone; python -m analysis charts DIR and run_bench.py report DIR draw later",
    )
    options.add_telling(parser)


def _add_own(how: options.Group) -> None:
    how.add_argument(
        "--precision",
        type=values.share,
        metavar="SHARE",
        help="go on, ten blocks at least, until every throughput's interval is that narrow, such as 2%%, or the "
        "budget is used",
    )
    how.add_argument(
        "--budget",
        type=values.seconds,
        metavar="TIME",
        help="with --precision: at most so long (default: 10m)",
    )
    options.add_requirements(how)


def run(given: argparse.Namespace) -> int:
    """Plan, check, measure, say.

    Exit code 0, 130 when interrupted, 1 when nothing was measured, it was given up, or a required limit isn't kept.
    """
    if given.budget and not given.precision:
        raise ConfigError(
            "--budget: limits a run that goes on until it is precise; give --precision too, or leave it out"
        )
    # Only now: --help is to be there at once, and statistics take a moment to load.
    from analysis.stopping.fixed import FixedBlocks
    from analysis.stopping.precision import Precision, UntilPrecise

    config = read(BENCH_FILE, given.bench)
    overrides = options.overrides(given)
    precision = Precision(given.precision) if given.precision else None
    with hushed(given), compared.asked(config, given) as forms:
        planned = plan.make(config, forms.strategies, given.profile, overrides, given.seed, given.workers,
                            precision=precision, budget_s=given.budget, variants=forms.facts,
                            named=selection.named(given.strategies))  # fmt: skip
        planned = options.over_hosts(planned, given)
        recorder = begun(planned, forms, given)
        if recorder is None:
            return 0
        recorder.required(given.require)
        view = view_of(planned, forms, recorder, given)
        if precision:
            until = UntilPrecise(recorder.windows, precision, planned.cells, planned.rounds, planned.budget_s)
            outcome = measure(planned, forms, recorder, until, view, given.unchecked)
            if outcome == "complete":
                terminal.say_precision(planned.groups, precision.target, until.reached)
        else:
            beside_s = list(map(planned.beside_seconds, range(planned.blocks)))
            fixed = FixedBlocks(planned.blocks, planned.rounds, planned.blocks_at_most_s, beside_s)
            outcome = measure(planned, forms, recorder, fixed, view, given.unchecked)
    return end(lambda: _said(recorder, outcome, draws=not given.no_charts), outcome, recorder, given)


def _said(recorder: Recorder, outcome: str, draws: bool) -> int:
    """Cells, the closing table, charts and page if it draws them, from the files alone."""
    # Only now: drawing needs libraries that have no business in the memory of a harness that measures.
    from analysis.judging import balance, cells, crossovers
    from analysis.records import reading as records
    from analysis.tables import at_rate
    from analysis.tables import balance as balance_table
    from analysis.tables import crossovers as crossing
    from analysis.tables import run as table

    try:
        results = records.read(recorder.folder)
        tabulated = cells.tabulate(results)
        written = cells.write(results, tabulated)
        shared = balance.balances(results)
        balance.write(results, shared)
        found = crossovers.passings(results, tabulated)
        crossed = crossovers.write(results, found)
        charts = drawn(results, tabulated) if draws else []
        table.render(results, tabulated, terminal.console)
        at_rate.render(results, tabulated, terminal.console)
        crossing.render(results, found, terminal.console)
        balance_table.render(results, tabulated, shared, terminal.console)
    except records.ResultsError as error:
        say(f"Nothing to show: {escape(str(error))}")
        return NOTHING_MEASURED
    made = page_of(results, tabulated) if draws else ""
    if not recorder.measured:
        return EXIT_CODES[outcome] or NOTHING_MEASURED
    say(f"{recorder.share_in_windows:.0%} of the measuring time was spent inside windows.")
    say(f"Cells:  {escape(str(written))}")
    if crossed:
        say(f"Crossovers: {escape(str(crossed))}")
    for folder in sorted({path.parent for path in charts}):
        say(f"Charts: {escape(str(folder))}")
    if made:
        say(f"Page:   {escape(made)}")
    return EXIT_CODES[outcome] or required(results, tabulated)
