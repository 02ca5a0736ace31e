"""The page of an invented run, without its pictures: they take most of the time, and few tests look at them."""

from pathlib import Path

import pytest

from analysis.gate.result import Gate
from analysis.judging.cells import tabulate
from analysis.records.reading import read
from analysis.report import page, vega

EMPTY = "data:image/svg+xml;base64,"


def rendered(folder: Path, gate: Gate | None = None, *, with_pictures: bool = False) -> str:
    """The page of a results folder, or of a gate."""
    results = gate.results if gate else read(folder)
    cells = gate.table if gate else tabulate(results)
    with pytest.MonkeyPatch.context() as patch:
        if not with_pictures:
            patch.setattr(vega, "picture", lambda _: EMPTY)
        return page.render(results, cells, gate)
