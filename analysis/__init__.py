"""Results folders as a library: read one, tabulate its cells, draw its charts. It never starts anything.

    from analysis import read, cells, charts

    run = read("results/latest")
    table = cells(run)
    charts(run, table)["throughput_vs_clients"]

The rooms: records (a folder as tables), judging (from windows to cells), claims (what they show of a sentence),
statistics and noise (pure functions), gate (base against head), stopping (when a run has measured enough), drawing,
tables, export, report (the page). The harness asks stopping alone while it measures, so what is imported here is
imported when it is asked for.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from analysis.uncollected import uncollected

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from analysis.claims.verdicts import Verdict
    from analysis.records.reading import Results

__all__ = ["cells", "charts", "read", "verdicts"]


@uncollected()
def read(folder: str | Path) -> "Results":
    """A results folder as recorded: `run` (run.json, a dict) and a DataFrame a kind of record.

    `windows` has a row a window that figures come from, `searches` those that look for a knee's rate or for a
    length, `perturbed` those with a loader that was slowed on purpose, `footprints` and `failures` a row a cell and
    block, `probes` a row a figure of what isn't a rate, `seconds` a row a second of a soak. Columns, units and kinds
    are those of results/README.md; histograms are text, nanoseconds, and `analysis.histograms.merged` adds them up.
    Raises `analysis.records.reading.ResultsError`, one line, for what is no results folder, or is damaged.
    """
    from analysis.records.reading import read as read_folder

    return read_folder(Path(folder))


@uncollected()
def cells(results: "Results") -> "pd.DataFrame":
    """The cells of a run: a row a cell, the columns of cells.csv, units in their names.

    Figures that the data do not give are NaN. `doubts` holds the doubts of a row as values
    (analysis/doubts.py). It takes some seconds for a run of a thousand windows.
    """
    from analysis.judging.cells import tabulate

    return tabulate(results)


def charts(results: "Results", table: "pd.DataFrame") -> "dict[str, Figure]":
    """The charts of a run by their file names without ending: unsaved matplotlib figures, 13.3 x 7.5 inches
    and taller where many strategies need room.

    `table` is what `cells` gives; with fewer rows the charts have fewer strategies.
    """
    from analysis.drawing.charts import figures

    return dict(figures(results, table))


def verdicts(results: "Results", table: "pd.DataFrame") -> "list[Verdict]":
    """What a run shows of each claim that it tried, in their order; nothing of a run without claims.

    `table` is what `cells` gives. Each has an `outcome`, and of each rule the figure with its interval and a
    logarithm a block.
    """
    from analysis.claims.verdicts import verdicts as of_claims

    return of_claims(results, table)
