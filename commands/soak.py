"""`run_bench.py soak`: one strategy for minutes without interruption, at a rate."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.markup import escape

from commands import options, values
from commands.outcomes import EXIT_CODES, NOTHING_MEASURED, begun, end, hushed, page_of, required, view_of
from commands.paths import BENCH_FILE
from harness import terminal
from harness.config import Config, ConfigError, Strategy, read
from harness.plan import attached, plan, selection
from harness.plan.plan import Overrides, Plan
from harness.recorder import Recorder
from harness.run.measure import measure
from harness.terminal import say
from harness.variants import entries

if TYPE_CHECKING:
    import pandas as pd

    from analysis.records.reading import Results

PROFILE = "quick"  # what isn't said is as there
LONGEST_S, MOST = 10.0, 12  # of a window; windows that there are at least, if the soak is long enough
EXAMPLES = """\
  run_bench.py soak --strategies twisted --rate 1000 --for 10m
                                                     does it stall, leak or drift? second by second
  run_bench.py soak --bench mine.toml --strategies mine --rate 500 --for 3m --require 'p99<20ms' --require 'errors<0.1%'
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which strategy, at which rate, for how long."""
    which = parser.add_argument_group("what to take")
    options.add_choice(which)
    options.add_bench_file(which)
    how = parser.add_argument_group("how to measure")
    options.add_axes(how, ["clients", "message_size"])
    how.add_argument("--rate", type=values.rate, default="1000", metavar="RATE",
                     help="requests a second, offered whatever the server does (default: 1000)")  # fmt: skip
    how.add_argument("--for", dest="seconds", type=values.seconds, default=180.0, metavar="TIME",
                     help="how long (default: 3m)")  # fmt: skip
    options.add_requirements(how)
    options.add_ways(how)
    options.add_elsewhere(parser)
    options.add_results(parser)
    options.add_telling(parser)


def run(given: argparse.Namespace) -> int:
    """Soak it, say what was seen. Exit code 0, 130 when interrupted, 1 when it failed or a limit isn't kept.

    A stall, a leak or a drift is a finding, and no failure: a limit makes it one.
    """
    config = read(BENCH_FILE, given.bench)
    strategies = selection.select(config, given.strategies or "all")
    if len(strategies) != 1:
        raise ConfigError(f"soak: takes one strategy, and {len(strategies)} are chosen; name one with --strategies")
    attached.refuse(config, strategies, "a soak")
    forms = entries.plain(strategies)
    with hushed(given):
        planned = options.over_hosts(_plan(config, strategies, given), given)
        recorder = begun(planned, forms, given)
        if recorder is None:
            return 0
        recorder.required(given.require)
        view = view_of(planned, forms, recorder, given)
        outcome = measure(planned, forms, recorder, None, view, given.unchecked)
    return end(lambda: _said(recorder, outcome), outcome, recorder, given)


def _plan(config: Config, strategies: dict[str, Strategy], given: argparse.Namespace) -> Plan:
    """One group in one block, of so many windows one after the other as the time takes."""
    if given.rate.endswith("%"):
        raise ConfigError(
            f"--rate {given.rate}: there is no closed loop to take a share of; write requests a second, such as 1000"
        )
    for name, chosen in (("--clients", given.clients), ("--sizes", given.sizes)):
        if len(chosen) > 1:
            raise ConfigError(f"{name}: a soak has one value; leave {len(chosen) - 1} of them out")
    counted_s = max(1.0, min(LONGEST_S, given.seconds // MOST))
    config = config.model_copy(update={"open": config.open.model_copy(update={"counted_s": counted_s})})
    asked = {"service": given.service, "clients": given.clients, "sizes": given.sizes}
    chosen = {key: value for key, value in asked.items() if value} | {"load": ["open"], "rate": [given.rate]}
    made = plan.make(
        config,
        strategies,
        PROFILE,
        Overrides(chosen),
        given.seed,
        given.workers,
        named=selection.named(given.strategies),
    )
    if len(made.groups) != 1 or not made.members(made.groups[0]):
        raise ConfigError("soak: has one service, crowd and size; choose --service, --clients and --sizes")
    rounds = max(1, round(given.seconds / counted_s))
    return replace(made, profile="soak", blocks=1, rounds=rounds, at_most_s=None)


def _said(recorder: Recorder, outcome: str) -> int:
    """Cells, findings, chart and page, from the files alone."""
    from analysis.judging import cells
    from analysis.records import reading as records
    from analysis.tables import run as table
    from analysis.tables import soak as soaked

    try:
        results = records.read(recorder.folder)
        tabulated = cells.tabulate(results)
        written = cells.write(results, tabulated)
        table.render(results, tabulated, terminal.console)
        soaked.render(results, terminal.console)
        drawn = _drawn(results, tabulated)
    except records.ResultsError as error:
        say(f"Nothing to show: {escape(str(error))}")
        return NOTHING_MEASURED
    made = page_of(results, tabulated)
    if not recorder.measured:
        return EXIT_CODES[outcome] or NOTHING_MEASURED
    say(f"Cells:  {escape(str(written))}")
    say(f"Charts: {escape(drawn)}")
    say(f"Page:   {escape(made)}")
    is_kept = required(results, tabulated)
    # a window that the load generator's workers have lost is a gap, and said; it is no failure
    return EXIT_CODES[outcome] or is_kept or (NOTHING_MEASURED if (results.failures["fault"] != "loader").any() else 0)


def _drawn(results: "Results", tabulated: "pd.DataFrame") -> str:
    """Where the charts are."""
    from analysis.drawing import charts

    charts.draw(results, tabulated)
    return str(results.folder / "charts")
