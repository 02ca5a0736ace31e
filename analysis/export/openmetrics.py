"""The figures of a run as OpenMetrics text: a family a figure, a sample a cell, in base units (seconds, bytes).

Percentiles of one latency are the quantiles of a summary. What a figure is not known of is no sample. Why, and how far
the others can be trusted, stands in the labels of concurrency_cell_info, of which every cell has one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from analysis.export.figures import NUMBERS
from analysis.records.points import CELL_KEYS
from analysis.records.reading import Results
from analysis.records.schema import COLUMNS
from axes import AXES

PREFIX = "concurrency"
COUNTERS = ("requests", "errors", "censored", "dropped", "connects")  # what only grows while a run goes on
ENDINGS = {"counter": "_total"}  # of a sample's name
# A unit of schema.toml: the base unit, its part of a column's name, and how many base units it is.
UNITS = {
    "µs": ("seconds", "us", 1e-6),
    "MiB": ("bytes", "mib", float(1 << 20)),
    "KiB": ("bytes", "kib", float(1 << 10)),
    "1/s": ("requests_per_second", "rps", 1.0),
    "MiB/s": ("bytes_per_second", "mib_s", float(1 << 20)),
}
QUANTILE = re.compile(r"(?:(\w+)_)?(?:p(\d+)|(max))_us")
SAID = ("status", "verdict", "limited_by", "doubts", "reason")
Labels = Mapping[str, Any]


class Place(NamedTuple):
    """Where a column goes."""

    family: str
    kind: str  # gauge, counter or summary
    unit: str
    scale: float
    quantile: str = ""


def files(results: Results, table: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """metrics.txt, unless there is no cell."""
    if len(table):
        text = "".join([*_run(results), *_cells(table), *_families(table), "# EOF\n"])
        yield "metrics.txt", text.encode()


def place_of(name: str) -> Place:
    """The family of a column of cells.csv, by its name and the schema's unit."""
    if told := QUANTILE.fullmatch(name):
        stem, digits, _ = told.groups()
        quantile = f"{int(digits) / 10 ** len(digits):g}" if digits else "1"
        return Place(f"{PREFIX}_{stem or 'latency'}_seconds", "summary", "seconds", 1e-6, quantile)
    kind = "counter" if name in COUNTERS else "gauge"
    stem = re.sub(r"^(p\d+)_", r"latency_\1_", name)
    unit, token, scale = UNITS.get(COLUMNS[name].unit, ("", "", 1.0))
    if not unit:
        return Place(f"{PREFIX}_{stem}", kind, "", scale)
    stem = re.sub(rf"_{token}(?=_|$)", "", stem, count=1)
    return Place(f"{PREFIX}_{stem}_{unit}", kind, unit, scale)


def _families(table: pd.DataFrame) -> Iterator[str]:
    columns: dict[str, list[tuple[str, Place]]] = {}
    for name in NUMBERS:
        place = place_of(name)
        columns.setdefault(place.family, []).append((name, place))
    labels = [{name: cell[name] for name in CELL_KEYS} for _, cell in table.iterrows()]
    for family, members in columns.items():
        place = members[0][1]
        samples = [
            _sample(f"{family}{ENDINGS.get(place.kind, '')}", _quantile(own, labels[row]), float(value) * own.scale)
            for row, line in enumerate(table[[name for name, _ in members]].to_numpy(object))
            for value, (_, own) in zip(line, members, strict=True)
            if pd.notna(value)
        ]
        if samples:
            yield _head(family, place.kind, "; ".join(_meaning(*member) for member in members), place.unit)
            yield from samples


def _meaning(name: str, place: Place) -> str:
    """What a column is, as the schema says; an upper end with what it is the upper end of."""
    if name.endswith("_high"):
        return f"the upper end: {COLUMNS[name.removesuffix('high') + 'low'].meaning}"
    return f"{place.quantile}: {COLUMNS[name].meaning}" if place.quantile else COLUMNS[name].meaning


def _quantile(place: Place, labels: Labels) -> Labels:
    return {**labels, "quantile": place.quantile} if place.quantile else labels


def _run(results: Results) -> Iterator[str]:
    """One sample that says which run it was, and on what."""
    run = results.run
    machine = run.get("machine") or {}
    told = {name: run.get(name) for name in ("run_id", "profile", "started_at", "finished_at", "outcome")}
    told |= {name: machine.get(name) for name in ("cpu", "cores", "kernel", "python")}
    yield _head(f"{PREFIX}_run", "info", "the run, and the machine that it was measured on")
    yield _sample(f"{PREFIX}_run_info", told, 1)


def _cells(table: pd.DataFrame) -> Iterator[str]:
    yield _head(f"{PREFIX}_cell", "info", "whether a cell's figures can be relied on, and what limited them")
    for _, cell in table.iterrows():
        doubts = " ".join(doubt.kind.code for doubt in cell["doubts"])
        told = {name: cell[name] for name in (*CELL_KEYS, *SAID)} | {"doubts": doubts}
        yield _sample(f"{PREFIX}_cell_info", told, 1)


def _head(family: str, kind: str, meaning: str, unit: str = "") -> str:
    lines = f"# TYPE {family} {kind}\n" + (f"# UNIT {family} {unit}\n" if unit else "")
    return f"{lines}# HELP {family} {_escaped(meaning)}\n"


def _sample(name: str, labels: Labels, value: float) -> str:
    told = ",".join(f'{label}="{_escaped(_text(label, value))}"' for label, value in labels.items())
    return f"{name}{{{told}}} {value!r}\n"


def _text(label: str, value: Any) -> str:
    """A label's value; empty, which is as good as no label, for what is unlimited or unknown."""
    unlimited = label in AXES and AXES[label].unlimited is not None and value == AXES[label].unlimited
    return "" if value is None or unlimited else str(value)


def _escaped(text: str) -> str:
    """A text within double quotes; OpenMetrics escapes these in what HELP says, too."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
