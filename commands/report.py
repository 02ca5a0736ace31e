"""`run_bench.py report`: the page of a results folder, made again."""

import argparse
import webbrowser
from dataclasses import fields
from typing import TYPE_CHECKING

from rich.markup import escape

from analysis.uncollected import uncollected
from commands import options
from harness import disk
from harness.config import ConfigError
from harness.terminal import say

if TYPE_CHECKING:
    from analysis.records.reading import Results

EXAMPLES = """\
  run_bench.py report                                the newest run as a page: results/latest/report.html
  run_bench.py report results/RUN-ID --open          the page of another run, in your browser
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which run, and whether to look at it."""
    which = parser.add_argument_group("what to take")
    options.add_run(which, "; the page is its report.html")
    which.add_argument("--open", action="store_true", help="show it in the browser")


def _must_have_begun(results: "Results") -> None:
    """Raises ConfigError for a run that was killed, or given up, before its first record."""
    if all(getattr(results, table.name).empty for table in fields(results) if table.name not in ("folder", "run")):
        raise ConfigError(f"{results.folder}: nothing was measured there; name another folder, or measure again")


@uncollected()
def run(given: argparse.Namespace) -> int:
    """Make the page. Exit code 0; one that can't be read or written is bad input."""
    from analysis.gate.result import examine
    from analysis.judging.cells import tabulate
    from analysis.records.reading import ResultsError, read
    from analysis.report import page

    try:
        results = read(given.folder)
        _must_have_begun(results)
        found = examine(results) if results.run.get("gate") else None
        path = page.write(results, found.table if found else tabulate(results), found)
    except ResultsError as error:
        raise ConfigError(str(error)) from None
    except OSError as error:
        if disk.is_full(error):
            raise
        raise ConfigError(f"{error.filename}: {error.strerror}; check its permissions") from None
    say(f"Page: {escape(str(path))}")
    if given.open:
        webbrowser.open(path.resolve().as_uri())
    return 0
