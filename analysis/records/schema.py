"""What each field of a results folder is: schema.toml as values, and the tables of results/README.md.

`python -m analysis.records.schema` writes these tables anew.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axes
from analysis.doubts import KINDS, PLACES
from analysis.splice import spliced

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "results" / "README.md"
BEGIN = "<!-- made by `make schema` from schema.toml -->\n"
NEEDED: Any = object()  # there is nothing that could stand for it


@dataclass(frozen=True)
class Field:
    """One field; schema.toml says what its parts mean."""

    kind: str
    meaning: str
    unit: str = ""
    since: int = 1
    absent: Any = NEEDED


Fields = dict[str, Field]

_KINDS = {"choice": "text", "count": "count", "bytes": "count", "time": "count", "rate": "text", "cpus": "text"}


# What makes a cell, beside strategy and variant: in every record and every row.
POINT: Fields = {
    name: Field(
        _KINDS[axis.kind], axis.meaning, axis.unit, axis.since, NEEDED if axis.unlimited is None else axis.unlimited
    )
    for name, axis in axes.AXES.items()
} | {axes.ALONG: Field("text", "the axis that the cell's group compares along; empty for most", since=2, absent="")}
# In front in cells.csv: what a point was made of at first. What came later stands where it came.
_FIRST = [name for name, axis in axes.AXES.items() if axis.is_in_front]


def _fields(table: Mapping[str, Any]) -> Fields:
    return {name: Field(**told) for name, told in table.items()}


_TOLD = tomllib.loads((ROOT / "schema.toml").read_text(encoding="utf-8"))
VERSION: int = _TOLD["version"]
RUN = _fields(_TOLD["run"])
_CELL = _fields(_TOLD["cell"])
_EVERY_RECORD = _CELL | POINT | _fields(_TOLD["record"])
_WINDOW = _EVERY_RECORD | _fields(_TOLD["window"])
RECORDS = {
    "window": _WINDOW,
    "perturbed": _WINDOW,
    "footprint": _EVERY_RECORD | _fields(_TOLD["footprint"]),
    "balance": _EVERY_RECORD | _fields(_TOLD["balance"]),
    "failure": _EVERY_RECORD | _fields(_TOLD["failure"]),
}
# Of each file beside windows.jsonl the fields of its lines.
BESIDE = {"probes.jsonl": _fields(_TOLD["probe"]), "soak.jsonl": _fields(_TOLD["soak"])}
_CSV = {section: _fields(table) for section, table in _TOLD["csv"].items()}
COLUMNS: Fields = (
    _CELL
    | {name: POINT[name] for name in _FIRST}
    | _CSV["figures"]
    | POINT
    | {name: field for section in _CSV.values() for name, field in section.items()}
)


def columns(*kinds: str) -> list[str]:
    """The columns of cells.csv that are of these kinds."""
    return [name for name, field in COLUMNS.items() if field.kind in kinds]


def tables() -> str:
    """Every field of a results folder, and every code, in Markdown."""
    parts = {
        "run.json": RUN,
        "windows.jsonl and cells.csv: what makes a cell": _CELL | POINT,
        "windows.jsonl: every line": _fields(_TOLD["record"]),
        "windows.jsonl: window, perturbed": _fields(_TOLD["window"]),
        "windows.jsonl: footprint": _fields(_TOLD["footprint"]),
        "windows.jsonl: balance": _fields(_TOLD["balance"]),
        "windows.jsonl: failure": _fields(_TOLD["failure"]),
        **BESIDE,
        "cells.csv: what was measured": _CSV["figures"],
        "cells.csv: the evidence of verdict and limited_by": _CSV["evidence"],
        "cells.csv: what it costs": _CSV["costs"],
        "cells.csv: open loop and knee": _CSV["rates"],
        "cells.csv: reasons apart": _CSV["reasons"],
        "cells.csv: for comparing": _CSV["comparison"],
        "cells.csv: connects, and the loader's part": _CSV["loader"],
        "cells.csv: how sure the memory of a connection is": _CSV["memory"],
        "cells.csv: ratios of other figures": _CSV["ratios"],
        "cells.csv: the company, who was there beside the clients": _CSV["company"],
        "cells.csv: mean latency": _CSV["means"],
        "cells.csv: between hosts": _CSV["hosts"],
        "cells.csv: servers elsewhere": _CSV["elsewhere"],
    }
    return "\n".join([*(_table(title, fields) for title, fields in parts.items()), _doubts()])


def _table(title: str, fields: Fields) -> str:
    head = f"### {title}\n\n| field | kind | unit | since | meaning |\n|---|---|---|---|---|\n"
    return head + "".join(
        f"| `{name}` | {field.kind} | {field.unit} | {field.since} | {field.meaning} |\n"
        for name, field in fields.items()
    )


def _doubts() -> str:
    head = (
        "### cells.csv: the codes of doubts\n\n"
        "A threshold is a key of `[verdict]` in `bench.toml`, where its value and the reason for it stand.\n\n"
        "| code | in words | when | touches | threshold | remedy |\n|---|---|---|---|---|---|\n"
    )
    rows = (
        (
            f"`{kind.code}`",
            kind.phrase,
            PLACES.sub(r"`\1`", kind.when),
            ", ".join(kind.touches),
            kind.threshold and f"`{kind.threshold}`",
            kind.remedy,
        )
        for kind in KINDS
    )
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def documented(text: str) -> str:
    """A document with these tables between its marks."""
    return spliced(text, BEGIN, tables())


if __name__ == "__main__":
    README.write_text(documented(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(README)
