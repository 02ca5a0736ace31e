"""A limit that every cell of a run is to keep, such as p99<10ms or errors<0.1%, as it is written and read.

It is read before anything is measured, so nothing is imported here that takes a moment.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FORM = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*([0-9]+(?:\.[0-9]+)?)\s*([a-zµA-Z/%]*)\s*")
THOUSANDS = {"k": 1e3, "M": 1e6}  # no units here, and what is meant by them
OF_ALL = {"errors"}  # counts that can be told as a share: of all requests that ended
UNITS: Mapping[str, Mapping[str, float]] = {  # of a column by what may be written: what that is in the column's unit
    "µs": {"us": 1, "µs": 1, "ms": 1e3, "s": 1e6},
    "1/s": {"": 1, "/s": 1},
    "MiB": {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024},
    "KiB": {"B": 1 / 1024, "KiB": 1, "MiB": 1024},
    "MiB/s": {"KiB/s": 1 / 1024, "MiB/s": 1, "GiB/s": 1024},
    "": {"": 1, "%": 0.01},
}
SILENT = {"us", "rps", "mib", "kib"}  # units in the names of columns, which need not be written


def _columns() -> dict[str, Any]:
    """The columns of cells.csv that are numbers."""
    told = tomllib.loads((ROOT / "schema.toml").read_text(encoding="utf-8"))["csv"]
    return {name: field for section in told.values() for name, field in section.items()
            if field["kind"] in ("count", "figure")}  # fmt: skip


@dataclass(frozen=True)
class Requirement:
    """One limit."""

    text: str
    column: str  # of cells.csv
    unit: str  # of that
    sign: str  # <, <=, > or >=
    limit: float  # in that unit; of a count that was given in per cent the share
    is_count: bool
    is_share: bool  # of a count: it is told as a share of all requests that ended

    @property
    def name(self) -> str:
        """What is written before the sign."""
        return _without_unit(self.column)

    def holds(self, value: float) -> bool:
        """Whether a value, in the unit of the column, keeps the limit."""
        match self.sign:
            case "<":
                return value < self.limit
            case "<=":
                return value <= self.limit
            case ">":
                return value > self.limit
            case _:
                return value >= self.limit


def read(text: str) -> Requirement:
    """A requirement as it is written. Raises ValueError, whose text says what can be written instead."""
    found = FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no limit; write a figure, a sign and a value, such as p99<10ms or errors<0.1%")
    name, sign, number, unit = found.groups()
    columns = _columns()
    column = name if name in columns else next((one for one in columns if _without_unit(one) == name), "")
    if not column:
        known = list(dict.fromkeys(map(_without_unit, columns)))
        close = get_close_matches(name, known, 1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ValueError(f"{text!r}: no figure {name!r}{hint}; take a column of cells.csv that is a number")
    field = columns[column]
    is_count = field["kind"] == "count"
    units = UNITS.get(field.get("unit", ""), {"": 1})
    if is_count and column not in OF_ALL:
        units = {"": 1}
    if unit not in units:
        whole = f"{float(number) * THOUSANDS[unit]:.0f}" if unit in THOUSANDS else number
        there_are = " or ".join(f"{whole}{one}" for one in units)
        fault = f"isn't told in {unit}" if unit else "is told in a unit"
        raise ValueError(f"{text!r}: {name} {fault}; write {there_are}")
    limit = float(number) * units[unit]
    return Requirement(text.strip(), column, field.get("unit", ""), sign, limit, is_count, is_count and unit == "%")


def _without_unit(column: str) -> str:
    return "_".join(part for part in column.split("_") if part not in SILENT)
