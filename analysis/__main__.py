"""`python -m analysis WHAT [RESULTS]`: what comes of a results folder, made again from its files."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from analysis import publish
from analysis.drawing import charts as drawing
from analysis.gate.result import examine
from analysis.judging import balance, crossovers
from analysis.judging.cells import tabulate
from analysis.judging.cells import write as write_cells
from analysis.records.reading import Results, ResultsError, read
from analysis.tables import balance as balance_table
from analysis.tables import crossovers as crossovers_table
from analysis.tables import gate as gate_table
from analysis.tables import run as run_table


class NothingMeasured(Exception):
    """The results hold nothing to work on; the message is one line."""


def cells(results: Results) -> list[Path]:
    """Write RESULTS/cells.csv; balance.csv where workers share connections, crossovers.csv where one passes another."""
    tabulated = tabulate(results)
    more = (
        balance.write(results, balance.balances(results)),
        crossovers.write(results, crossovers.passings(results, tabulated)),
    )
    return [write_cells(results, tabulated), *filter(None, more)]


def charts(results: Results) -> list[Path]:
    """Draw RESULTS/charts/."""
    drawn = drawing.draw(results, tabulate(results))
    if not drawn:
        raise NothingMeasured(f"{results.folder}: no window was recorded, so there is nothing to draw")
    return drawn


def table(results: Results) -> list[Path]:
    """Print the table of a run."""
    tabulated = tabulate(results)
    run_table.render(results, tabulated, Console())
    crossovers_table.render(results, crossovers.passings(results, tabulated), Console())
    balance_table.render(results, tabulated, balance.balances(results), Console())
    return []


def gate(results: Results) -> list[Path]:
    """Print the result of a gate, and write it in all its forms."""
    found = examine(results)
    gate_table.render(found, Console())
    return publish.write(found)


WHAT: dict[str, Callable[[Results], list[Path]]] = {"cells": cells, "charts": charts, "table": table, "gate": gate}


def main() -> int:
    """Do it, and print the paths written.

    Exit code: 0 done, 1 nothing was measured, 2 the results cannot be read or written.
    """
    does = "; ".join(f"{name}: {(work.__doc__ or '').rstrip('.').lower()}" for name, work in WHAT.items())
    parser = argparse.ArgumentParser(prog="python -m analysis", description=(__doc__ or "").partition(": ")[2])
    parser.add_argument("what", metavar="WHAT", choices=WHAT, help=does)
    parser.add_argument("results", metavar="RESULTS", type=Path, nargs="?", default=Path("results/latest"),
                        help="a results folder (default: %(default)s)")  # fmt: skip
    asked = parser.parse_args()
    program = f"{parser.prog} {asked.what}"
    try:
        for path in WHAT[asked.what](read(asked.results)):
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


if __name__ == "__main__":
    sys.exit(main())
