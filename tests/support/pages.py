"""The page of an invented run, without its pictures: they take most of the time, and few tests look at them."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.gate.result import Gate
from analysis.judging.cells import tabulate
from analysis.records.reading import Results, read
from analysis.report import page, vega

EMPTY = "data:image/svg+xml;base64,"


def rendered(folder: Path, gate: Gate | None = None, *, with_pictures: bool = False) -> str:
    """The page of a results folder, or of a gate."""
    if gate:
        return rendered_as(gate.results, gate.table, gate, with_pictures=with_pictures)
    results = read(folder)
    return rendered_as(results, tabulate(results), with_pictures=with_pictures)


def rendered_as(results: Results, cells: pd.DataFrame, gate: Gate | None = None, *, with_pictures: bool = False) -> str:
    """The page of a run as if these were its cells."""
    with pytest.MonkeyPatch.context() as patch:
        if not with_pictures:
            patch.setattr(vega, "picture", lambda _: EMPTY)
        return page.render(results, cells, gate)
