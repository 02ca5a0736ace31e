"""`run_bench.py trial`: claims tried on this machine, each with a verdict and what it stands on."""

import argparse
from collections.abc import Callable, Iterator

from rich.markup import escape

from commands import options, values
from commands.outcomes import EXIT_CODES, NOTHING_MEASURED, begun, drawn, end, hushed, page_of, view_of
from commands.paths import BENCH_FILE
from harness import disk, probes, terminal
from harness.config import Config, ConfigError, claims, nearest, read
from harness.config.claims import File
from harness.config.tables import Amount
from harness.plan import attached, trial
from harness.plan.plan import Plan
from harness.plan.trial import Trial
from harness.probes import PROBES
from harness.probes.form import Row, Scene
from harness.processes.watchdog import Watchdog
from harness.recorder import Recorder
from harness.run.blocks import Rule
from harness.run.measure import measure, recorder_of
from harness.terminal import say
from harness.variants import entries
from harness.views import events

LEAST_BLOCKS = 4  # however slow they are: with fewer hardly anything is shown
SEARCH_SHARE = 0.25  # of the time that a trial may take, for the search
EXAMPLES = """\
  run_bench.py trial                                 the chapter's fifteen claims: half an hour
  run_bench.py trial --profile quick                 the same in ten minutes; less is shown
  run_bench.py trial --claims famous                 what else is said of servers
  run_bench.py trial --only port-in-use,receive-1024 two of the chapter's
  run_bench.py trial --claims mine.toml --bench mine-servers.toml
                                                     the claims of your README (docs/claims.md)
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which claims, and how much is measured for them."""
    which = parser.add_argument_group("what to take")
    shipped = ", ".join(claims.shipped())
    which.add_argument(
        "--claims",
        default="chapter",
        metavar="FILE",
        help=f"a file of claims, or one that comes with the project: {shipped} (default: chapter)",
    )
    which.add_argument(
        "--only",
        type=values.listed(str),
        default=[],
        metavar="NAMES",
        help="these claims of the file alone, separated by commas (default: all of them)",
    )
    options.add_bench_file(which)
    how = parser.add_argument_group("how to measure")
    how.add_argument(
        "--profile",
        default="default",
        metavar="NAME",
        help="quick or default, of bench.toml's [trial] (default: default)",
    )
    how.add_argument("--blocks", type=values.blocks, metavar="N", help="as many blocks, in place of the profile's; "
                     "what isn't shown says how many it would take")  # fmt: skip
    options.add_ways(how)
    options.add_results(parser)
    options.add_telling(parser)


def run(given: argparse.Namespace) -> int:
    """Exit code 0: no claim is refuted, 1: one is, 3: one isn't shown, 2: bad input, 4: the disk is full."""
    config = read(BENCH_FILE, given.bench)
    file, made = _made(config, given)
    planned = made.plan
    with hushed(given):
        forms = entries.plain(planned.strategies)
        recorder = begun(planned, forms, given)
        if recorder is None:
            return 0
        recorder.claims(file.title, made.claims)
        view = view_of(planned, forms, recorder, given)
        with Watchdog() as watchdog:
            probed = _begun(made, recorder, watchdog)
            outcome = measure(planned, forms, recorder, _rule(planned), view, given.unchecked)
            if outcome == "complete":
                outcome = _searched(file, config, recorder, given)
            if outcome == "complete":
                outcome = _probed(probed, recorder)
    return end(lambda: _judged(recorder, outcome, given), outcome, recorder, given)


def _searched(file: File, config: Config, recorder: Recorder, given: argparse.Namespace) -> str:
    """Refine the axes along which something holds from a value on, in a run within the run; how the trial ended."""
    from analysis.claims import search, verdicts
    from analysis.judging import cells
    from analysis.records import reading as records

    results = records.read(recorder.folder)
    values = verdicts.to_search(results, cells.tabulate(results))
    if not values:
        return "complete"
    amount = _amount(config, given)
    made = trial.make(config, trial.refined(file, values), given.claims, _for_search(amount), given.seed, given.workers)
    forms = entries.plain(made.plan.strategies)
    say("Searching for where " + escape(", ".join(values)) + " holds from")
    own = recorder_of(made.plan, recorder.folder / search.FOLDER)
    own.claims(file.title, made.claims)
    outcome = measure(made.plan, forms, own, _rule(made.plan), view_of(made.plan, forms, own, given), given.unchecked)
    return outcome if outcome in ("interrupted", "failed") else "complete"  # a search in vain leaves the grid's answer


def _rule(planned: Plan) -> Rule:
    from analysis.stopping.fixed import FixedBlocks

    beside_s = list(map(planned.beside_seconds, range(planned.blocks)))
    return FixedBlocks(planned.blocks, planned.rounds, planned.blocks_at_most_s, beside_s, LEAST_BLOCKS)


def _for_search(amount: Amount) -> Amount:
    """As many blocks in a quarter of the time."""
    at_most_s = amount.at_most_s and amount.at_most_s * SEARCH_SHARE
    return amount.model_copy(update={"at_most_s": at_most_s})


def _begun(made: Trial, recorder: Recorder, watchdog: Watchdog) -> dict[str, Callable[[], Iterator[Row]]]:
    """Begin the probes, each with the strategies that claims ask it about; by name, what ends them, in that order.

    Those that take time by themselves are begun first and end last: in between all else is measured.
    """
    planned, ends = made.plan, {}
    for name in sorted(made.probes, key=lambda name: -PROBES[name].takes_s):
        strategies = {who: planned.config.strategies[who] for who in made.probes[name]}
        scene = Scene(planned.config, strategies, watchdog, recorder.logs, planned.server_cpus)
        ends[name] = probes.begin([name], scene)
    return dict(reversed(ends.items()))


def _probed(ends: dict[str, Callable[[], Iterator[Row]]], recorder: Recorder) -> str:
    """Record what the probes find, a line at once; how that ended. One that breaks costs its own rows alone."""
    try:
        with terminal.console.status("Probes"):
            for name, rows in ends.items():
                try:
                    for row in rows():
                        recorder.beside("probes.jsonl", row.record)
                except Exception as error:
                    if disk.is_full(error):
                        raise
                    broken = Row(name, "", "", None, failure=f"the probe broke: {type(error).__name__}: {error}")
                    recorder.beside("probes.jsonl", broken.record)
    except KeyboardInterrupt:
        return "interrupted"
    return "complete"


def _made(config: Config, given: argparse.Namespace) -> tuple[File, Trial]:
    amount = _amount(config, given)
    file, path = claims.read(given.claims, config, PROBES)
    file = claims.only(file, given.only, path)
    made = trial.make(config, file, path, amount, given.seed, given.workers)
    asked = {name: config.strategies[name] for names in made.probes.values() for name in names}
    attached.refuse(config, made.plan.strategies | asked, "a trial")
    return file, made


def _amount(config: Config, given: argparse.Namespace) -> Amount:
    if given.profile not in config.trial:
        raise ConfigError(
            f"--profile {given.profile}: no such amount of a trial{nearest(given.profile, config.trial)}; "
            f"there are {', '.join(config.trial)}"
        )
    amount = config.trial[given.profile]
    return Amount(blocks=given.blocks, rounds=amount.rounds) if given.blocks else amount


def _judged(recorder: Recorder, outcome: str, given: argparse.Namespace) -> int:
    """Verdicts, cells, charts and page, from the files alone."""
    # Only now: drawing needs libraries that have no business in the memory of a harness that measures.
    from analysis.claims import verdicts, words
    from analysis.judging import cells
    from analysis.records import reading as records
    from analysis.tables import claims as table

    try:
        results = records.read(recorder.folder)
    except records.ResultsError as error:
        say(f"Nothing to show: {escape(str(error))}")
        return NOTHING_MEASURED
    tabulated = cells.tabulate(results)
    written = cells.write(results, tabulated)
    found = verdicts.verdicts(results, tabulated)
    if given.json:
        for one in found:
            events.emit("verdict", **words.told(one, results.usual))
    charts = drawn(results, tabulated)
    table.render(results, found, terminal.console)
    made = page_of(results, tabulated)
    say(f"Cells:  {escape(str(written))}")
    for folder in sorted({path.parent for path in charts}):
        say(f"Charts: {escape(str(folder))}")
    say(f"Page:   {escape(made)}")
    return verdicts.exit_code(found) if outcome == "complete" else EXIT_CODES[outcome]
