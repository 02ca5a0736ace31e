"""The figures of cells as a tidy table: a row a figure of a cell, with its unit, its interval and its doubts.

A cell that has none has a row all the same: of no blocks, with the reason.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

import axes
from analysis.doubts import touching
from analysis.records.points import CELL_KEYS, as_file
from analysis.records.reading import Results
from analysis.records.schema import COLUMNS
from axes import AXES

ENDS = ("low", "high", "bar_low", "bar_high")  # columns of their own in cells.csv, named after their figure
NUMBERS = [name for name, field in COLUMNS.items() if field.kind in ("count", "figure") and name not in CELL_KEYS]
NAMES = [name for name in NUMBERS if not name.endswith(("_low", "_high")) or name.startswith("movement")]
VALUES = ("value", *ENDS)
FIGURES = ["run", *CELL_KEYS, "point", "figure", "unit", *VALUES, "doubts", "status", "limited_by", "reason"]


def tidy(results: Results, table: pd.DataFrame) -> pd.DataFrame:
    """The figures of the cells that `analysis.cells` gives, in their order; what has no limit is empty."""
    rows = [row for _, cell in table.iterrows() for row in _rows(cell, results)]
    found = pd.DataFrame(rows, columns=FIGURES)
    found[list(VALUES)] = found[list(VALUES)].astype(float)
    return as_file(found)


def _rows(cell: pd.Series, results: Results) -> Iterator[dict[str, Any]]:
    known = [name for name in NAMES if pd.notna(cell[name])]
    where = {name: cell[name] for name in CELL_KEYS} | {
        "run": results.run["run_id"],
        "point": axes.title({name: cell[name] for name in AXES}, results.usual, in_full=True),
        "status": cell["status"],
        "limited_by": cell["limited_by"],
    }
    if not known:
        yield where | {"figure": "blocks", "unit": "", "value": 0, "doubts": "", "reason": cell["status_reason"]}
    for name in known:
        ends = {end: cell[f"{name}_{end}"] for end in ENDS if f"{name}_{end}" in COLUMNS}
        doubts = " ".join(doubt.kind.code for doubt in touching(cell, name))
        yield where | {"figure": name, "unit": COLUMNS[name].unit, "value": cell[name], **ends, "doubts": doubts,
                       "reason": cell["status_reason"]}  # fmt: skip
