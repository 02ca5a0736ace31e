"""What the commands of this package have in common: one results folder in, paths out, one line on error."""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from analysis.records.reading import Results, ResultsError, read


class NothingMeasured(Exception):
    """The results hold nothing to work on; the message is one line."""


def main(program: str, purpose: str, work: Callable[[Results], Iterable[Path]]) -> int:
    """Do `work` on the run in the folder that is named; the paths it returns are printed.

    Exit code: 0 done, 1 nothing was measured, 2 the results cannot be read or written.
    """
    parser = argparse.ArgumentParser(prog=program, description=purpose)
    parser.add_argument("results", metavar="RESULTS", type=Path, nargs="?", default=Path("results/latest"),
                        help="a results folder (default: %(default)s)")  # fmt: skip
    arguments = parser.parse_args()
    try:
        for path in work(read(arguments.results)):
            print(path)
    except NothingMeasured as nothing:
        print(f"{program}: {nothing}", file=sys.stderr)
        return 1
    except ResultsError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{program}: {error.filename}: {error.strerror}; check its permissions", file=sys.stderr)
        return 2
    return 0
