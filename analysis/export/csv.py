"""Figures as CSV (RFC 4180, UTF-8): each number with all its digits."""

from collections.abc import Iterator

import pandas as pd

from analysis.export.figures import tidy
from analysis.records.reading import Results


def files(results: Results, table: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """figures.csv, unless there is no cell."""
    if len(table):
        yield "figures.csv", tidy(results, table).to_csv(index=False, lineterminator="\n").encode()
