"""`run_bench.py probe`: what isn't a rate, tried by itself."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from rich.markup import escape

from commands import options
from commands.outcomes import EXIT_CODES, page_of
from commands.paths import BENCH_FILE
from harness import machine, probes, terminal
from harness.config import Config, ConfigError, Strategy, nearest, read
from harness.conformance import suite
from harness.plan import attached, plan, selection
from harness.plan.plan import Overrides, Plan
from harness.probes.form import Scene
from harness.processes.watchdog import Watchdog
from harness.recorder import Recorder
from harness.terminal import complain, say

PROFILE = "quick"  # whose surroundings are taken; none of its groups is measured
EXAMPLES = """\
  run_bench.py probe shared_state                    whose updates are lost: threads, locks, forks, loops
  run_bench.py probe restart,anatomy --strategies chapter,epoll
                                                     ports after a restart (a minute); system calls of a request
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which probes, of which strategies, and where the rows go."""
    which = parser.add_argument_group("what to take")
    which.add_argument(
        "names",
        metavar="PROBES",
        nargs="?",
        default=",".join(probes.PROBES),
        help="; ".join(f"{name}: {probe.about}" for name, probe in probes.PROBES.items()) + " (default: all)",
    )
    which.add_argument(
        "--strategies",
        default="blocking",
        metavar="WHICH",
        help="all, chapter (those of the book's listings), names or globs, separated by commas, for the probes that "
        "ask strategies, which are restart, dribbler and anatomy (default: blocking)",
    )
    options.add_bench_file(which)
    options.add_results(parser)


def run(given: argparse.Namespace) -> int:
    """Probe, record, say. Exit code 0, 130 when interrupted; what a probe can't do is a row with its reason."""
    names = _named(given.names)
    config = read(BENCH_FILE, given.bench)
    strategies = selection.select(config, given.strategies)
    attached.refuse(config, strategies, "a probe")
    planned = _plan(config, strategies)
    machine.raise_descriptor_limit(suite.DESCRIPTORS)
    recorder = Recorder(given.results, planned, sys.argv)
    outcome = "crashed"
    try:
        with Watchdog() as watchdog:
            scene = Scene(config, planned.strategies, watchdog, recorder.logs, planned.server_cpus)
            say(f"Probing: {escape(', '.join(names))}: about {sum(probes.PROBES[name].takes_s for name in names)} s")
            for row in probes.begin(names, scene)():
                recorder.beside("probes.jsonl", row.record)
        outcome = "complete"
    except KeyboardInterrupt:
        outcome = "interrupted"
        complain("Interrupted" + (": what was found so far is kept." if recorder.measured else "."))
    finally:
        recorder.finish(outcome)
    if recorder.is_kept:
        _say(recorder.folder)
    return EXIT_CODES[outcome]


def _named(words: str) -> list[str]:
    names = [word.strip() for word in words.split(",")]
    for name in names:
        if name not in probes.PROBES:
            there_are = ", ".join(probes.PROBES)
            raise ConfigError(f"probe {name}: no such probe{nearest(name, probes.PROBES)}; there are {there_are}")
    return list(dict.fromkeys(names))


def _plan(config: Config, strategies: dict[str, Strategy]) -> Plan:
    """A plan in which nothing is measured: what a record says of its surroundings comes from it."""
    made = plan.make(config, strategies, PROFILE, Overrides())
    return replace(made, profile="probe", groups=[], entries={}, waves={}, strategies=strategies)


def _say(folder: Path) -> None:
    """The rows that were found, and where they are."""
    from analysis.judging.cells import tabulate
    from analysis.records.reading import read as read_folder
    from analysis.tables import probes as table

    results = read_folder(folder)
    table.render(results, terminal.console)
    say(f"Rows:   {escape(str(folder / 'probes.jsonl'))}")
    say(f"Page:   {escape(page_of(results, tabulate(results)))}")
