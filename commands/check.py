"""`run_bench.py check`: servers put through the conformance suite, nothing measured."""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import axes
from commands import options
from commands.paths import BENCH_FILE
from harness import machine, terminal
from harness.config import SERVICES, read
from harness.conformance import suite
from harness.plan import attached, selection
from harness.processes.watchdog import Watchdog
from harness.terminal import say

EXAMPLES = """\
  run_bench.py check --strategies mine --bench mine.toml
                                                     does your server do the job right?
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which servers."""
    which = parser.add_argument_group("what to take")
    options.add_choice(which, usual="all", services="all of them")
    options.add_transports(which)
    options.add_bench_file(which)
    options.add_hosts(parser)


def run(given: argparse.Namespace) -> int:
    """The conformance suite alone. Exit code 0 if every server that can start here conforms, else 1."""
    config = read(BENCH_FILE, given.bench)
    strategies = selection.select(config, given.strategies)
    machine.raise_descriptor_limit(suite.DESCRIPTORS)
    services = list(given.service) or list(SERVICES)
    strategies = selection.serving(strategies, services, selection.named(given.strategies))
    strategies = attached.found(config, strategies, given.allow_remote)
    transports = given.transports or [axes.AXES["transport"].usual]
    with (
        Watchdog() as watchdog,
        TemporaryDirectory() as logs,
        terminal.progress(len(strategies), "servers") as tell,
    ):
        found = suite.examine(config, strategies, services, Path(logs), watchdog, tell, transports=transports)
    terminal.say_conformance(found)
    tried = [one for one in found.values() if one.absent is None or not one.absent.skipped]
    conforming = sum(conformance.conforms for conformance in tried)
    skipped = len(found) - len(tried)
    say(f"{conforming} of {len(tried)} strategies conform" + f"; {skipped} can't start here" * bool(skipped) + ".")
    return 0 if tried and conforming == len(tried) else 1
