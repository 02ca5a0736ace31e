"""`run_bench.py doctor`: what this machine can measure, and what stands in the way."""

import argparse

from commands import options
from commands.paths import BENCH_FILE
from harness import machine
from harness.config import read
from harness.conformance import suite
from harness.doctor import doctor

EXAMPLES = """\
  run_bench.py doctor                                warnings, the noise of this hour, the load generator's ceiling
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Whose settings, and where the findings go."""
    options.add_bench_file(parser.add_argument_group("what to take"))
    options.add_results(parser)


def run(given: argparse.Namespace) -> int:
    """What this machine can measure. Exit code 0: warnings are no failure."""
    from analysis import noise

    config = read(BENCH_FILE, given.bench)
    machine.raise_descriptor_limit(suite.DESCRIPTORS)
    doctor.visit(config, given.results, noise.estimated)
    return 0
