"""Windows, cells and figures as Parquet, whose columns carry unit and meaning.

Windows are those of windows.jsonl: that search for a knee and that were slowed down on purpose, too (`phase`, `kind`).
Histograms are texts as there; what is an object there (`errors`) is JSON.
"""

import json
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import pandas as pd
import pyarrow as arrow
import pyarrow.parquet

from analysis.export.figures import tidy
from analysis.records.points import as_file
from analysis.records.reading import Results
from analysis.records.schema import COLUMNS, RECORDS, Field


def files(results: Results, table: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """windows.parquet, cells.parquet and figures.parquet, each unless it has no row."""
    windows = [part for part in (results.windows, results.searches, results.perturbed) if len(part)]
    coded = table.assign(doubts=[" ".join(doubt.kind.code for doubt in doubts) for doubts in table["doubts"]])
    for name, frame, fields in (
        ("windows", pd.concat(windows, ignore_index=True) if windows else results.windows, RECORDS["window"]),
        ("cells", coded, COLUMNS),
        ("figures", tidy(results, table), COLUMNS),
    ):
        if len(frame):
            yield f"{name}.parquet", _encoded(as_file(frame), fields, results)


def _encoded(frame: pd.DataFrame, fields: Mapping[str, Field], results: Results) -> bytes:
    columns = {str(name): _column(frame[name], fields.get(str(name))) for name in frame}
    made = arrow.table(columns)
    described = [made.schema.field(name).with_metadata(_about(fields.get(name))) for name in columns]
    about = {"run": json.dumps(results.run)}
    held = BytesIO()
    pyarrow.parquet.write_table(made.cast(arrow.schema(described, metadata=about)), held)
    return held.getvalue()


def _column(values: pd.Series, field: Field | None) -> Any:
    """Of the kind that the schema says; of what it doesn't know, numbers as such and all else as texts."""
    missing = values.isna()
    kind = field.kind if field else "figure" if values.dtype == float else "text"
    if kind in ("count", "figure", "flag"):
        type_ = {"count": arrow.int64(), "figure": arrow.float64(), "flag": arrow.bool_()}[kind]
        convert: Any = {"count": int, "figure": float, "flag": bool}[kind]
        return arrow.array([None if gone else convert(v) for v, gone in zip(values, missing, strict=True)], type_)
    texts = [v if isinstance(v, str) else json.dumps(v) for v in values]
    return arrow.array([None if gone else text for text, gone in zip(texts, missing, strict=True)], arrow.string())


def _about(field: Field | None) -> dict[str, str]:
    return {"unit": field.unit, "meaning": field.meaning} if field else {}
