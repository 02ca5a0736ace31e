"""`run_bench.py compare`: two results folders, or two variants of a run, side by side."""

import argparse

from rich.markup import escape

from commands import options
from commands.outcomes import page_of
from commands.paths import BENCH_FILE
from harness import terminal
from harness.config import ConfigError, read
from harness.terminal import say

EXAMPLES = """\
  run_bench.py compare results/A results/B           what changed between two runs
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The two folders, and where the charts go."""
    which = parser.add_argument_group("what to take")
    for name, part in (("A", "what is compared with"), ("B", "what is held against it")):
        which.add_argument(
            f"folder_{name.lower()}",
            metavar=name,
            help=f"{part}: a results folder, such as results/latest; results/latest:head takes one variant of it",
        )
    options.add_results(parser)


def run(given: argparse.Namespace) -> int:
    """Two results folders. Exit code 0: no regression, 1: one, 3: undecided, or of two runs, 4: nothing decides."""
    from analysis import compare
    from analysis.records.reading import ResultsError
    from analysis.tables import gate as table

    try:
        found = compare.compare(given.folder_a, given.folder_b, read(BENCH_FILE).gate.model_dump())
        table.render(found, terminal.console)
        for folder in sorted({path.parent for path in compare.write(found, given.results)}):
            say(f"Charts: {escape(str(folder))}")
        made = page_of(found.results, found.table, found, given.results / "compare")
        say(f"Page:   {escape(made)}")
    except ResultsError as error:
        raise ConfigError(str(error)) from None
    return found.exit_code
