"""A results folder as tables. Whatever killed the run, every finished window stays readable."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.histograms import Encoded
from analysis.records.checking import HISTOGRAMS, fault_of_line, fault_of_record, fault_of_run
from analysis.records.columns import parts
from analysis.records.points import CELL_KEYS, as_columns, stood_for
from analysis.records.schema import BESIDE, NEEDED, RECORDS, Field, Fields
from analysis.records.versions import READABLE, filled_up
from analysis.uncollected import uncollected

# What a run says of itself whose last line is half written.
CUT = {
    "kind": "cut-line",
    "seen": "the last record of windows.jsonl is incomplete and left out",
    "why": "the run was killed while it wrote it",
    "remedy": "",
}


class ResultsError(Exception):
    """The results cannot be read; the message is one line that names the file and the remedy."""


@dataclass(frozen=True)
class Results:
    """One run, as recorded. The tables have the axes of a cell as analysis/records/points.py says."""

    folder: Path
    run: dict[str, Any]
    windows: pd.DataFrame  # those that the figures come from
    searches: pd.DataFrame  # windows that look for a knee's rate, or a closed loop's length of windows
    perturbed: pd.DataFrame  # windows in which the loader was slowed down on purpose: they only show who limits
    footprints: pd.DataFrame  # memory and CPU of a server's process tree, once for each cell and block
    balances: pd.DataFrame  # what each worker of a server got, once for each cell, block and worker
    failures: pd.DataFrame
    probes: pd.DataFrame  # what isn't a rate, a row a figure
    seconds: pd.DataFrame  # of a soak

    @cached_property
    def by_cell(self) -> dict[tuple[Any, ...], Mapping[str, NDArray[Any]]]:
        """The windows of each cell, in the order of their appearance."""
        return parts(self.windows, CELL_KEYS)

    @property
    def thresholds(self) -> dict[str, float]:
        """What a verdict is decided by, as it was set for this run; empty for one that is older than verdicts."""
        return self.run.get("verdict") or {}

    @property
    def usual(self) -> dict[str, Any]:
        """What goes without saying on each axis."""
        return {axis["name"]: axis["usual"] for axis in self.run["axes"]}

    @property
    def notes(self) -> list[str]:
        """What the run has to say of itself, a sentence each, without its full stop."""
        return self.said()

    @property
    def warnings(self) -> list[str]:
        """What stood in the way when the run began, a sentence each, without its full stop."""
        return [f"when it began, {warning}" for warning in self.run.get("warnings") or []]

    def said(self, kind: str = "") -> list[str]:
        """The notes of a kind, or all."""
        return [
            note["seen"] + f": {note['why']}" * bool(note["why"]) + f"; {note['remedy']}" * bool(note["remedy"])
            for note in self.run.get("notes") or []
            if kind in ("", note["kind"])
        ]

    def widened(self, variant: str) -> float:
        """How much wider than usual the intervals are, as the run was looked at while it went on.

        In a comparison of two runs each is a variant, with a rule of its own.
        """
        own = (self.run.get("variants") or {}).get(variant) or {}
        return float((own.get("precision", self.run.get("precision")) or {}).get("widened", 1.0))

    def p99_multiple(self, load: str) -> float:
        """A window shorter than this many p99s sees too few slow requests from start to end.

        Windows with a schedule of their own may be shorter: who is slow in them is not asked the less for it.
        """
        return float(self.run["window"]["p99_multiple"]) if load == "closed" else 0.0


@uncollected()
def read(folder: Path) -> Results:
    """The run in `folder`; ResultsError if it is no results folder or of another schema."""
    folder = Path(folder)
    path = folder / "windows.jsonl"
    written = _run(folder)
    lines = _Lines(path)
    run, records = filled_up(written, iter(lines))
    if fault := fault_of_run(run):
        raise ResultsError(f"{folder / 'run.json'}: {fault}; it is damaged, measure again")
    usual = {axis["name"]: axis.get("usual") for axis in run["axes"]}
    rows: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in RECORDS}
    for number, record in records:
        kind = str(record.get("kind", ""))
        if kind not in RECORDS:
            continue  # a kind that a later version records
        record |= {name: Encoded(record[name]) for name in HISTOGRAMS[kind] if isinstance(record.get(name), str)}
        record |= stood_for(record, usual)
        values = tuple(map(record.get, RECORDS[kind]))  # a tenth of what the record takes
        if fault := fault_of_record(record, values):
            raise ResultsError(f"{path}:{number}: {fault}; delete that line if no other version wrote it")
        rows[kind].append(values)
    if lines.is_cut:
        run = run | {"notes": [*(run.get("notes") or []), CUT]}
    tables = {kind: _table(kind, found) for kind, found in rows.items()}
    windows = tables["window"]
    searching = windows["phase"] == "search"
    return Results(
        folder,
        run,
        windows=windows[~searching].reset_index(drop=True),
        searches=windows[searching].reset_index(drop=True),
        perturbed=tables["perturbed"],
        footprints=tables["footprint"],
        balances=tables["balance"],
        failures=tables["failure"],
        probes=_beside(folder / "probes.jsonl"),
        seconds=_beside(folder / "soak.jsonl"),
    )


def _run(folder: Path) -> dict[str, Any]:
    path = folder / "run.json"
    if not folder.is_dir():
        raise ResultsError(f"{folder}: no such folder; name one that run_bench.py made, such as results/latest")
    try:
        run = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ResultsError(f"{path}: missing; name a folder that run_bench.py made, such as results/latest") from None
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    except ValueError as error:
        raise ResultsError(f"{path}: not JSON ({error}); measure again") from None
    schema = run.get("schema") if isinstance(run, dict) else None
    if schema not in READABLE:
        read_here = " and ".join(map(str, READABLE))
        raise ResultsError(f"{path}: schema {schema!r}, this version reads {read_here}; use the version that wrote it")
    readable: dict[str, Any] = _writable(run)
    return readable


def _writable(value: Any) -> Any:
    """What UTF-8 can hold: halves of a pair, which JSON may name in texts, become question marks."""
    match value:
        case str() if not value.isascii():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_writable(name): _writable(held) for name, held in value.items()}
        case list():
            return [_writable(held) for held in value]
    return value


class _Lines:
    """The number and record of each line of windows.jsonl, one after the other: a run has thousands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_cut = False  # known at the end: whether the last was being written when the run was killed

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        try:
            with open(self.path, "rb") as lines:
                yield from self._records(lines)
        except FileNotFoundError:
            return  # stopped before the first window
        except OSError as error:
            raise ResultsError(f"{self.path}: cannot be read ({error.strerror}); check its permissions") from None

    def _records(self, lines: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, line in enumerate(lines, start=1):
            try:
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise ValueError("not an object")
            except ValueError as error:
                if not line.endswith(b"\n"):  # only the last may lack it
                    self.is_cut = True
                    return
                raise ResultsError(f"{self.path}:{number}: not a JSON record ({error}); delete that line") from None
            yield number, record


def _beside(path: Path) -> pd.DataFrame:
    """A file whose lines are all of one kind; without rows where there is no such file."""
    fields = BESIDE[path.name]
    rows = []
    for number, record in _Lines(path):
        if fault := fault_of_line(record, fields):
            raise ResultsError(f"{path}:{number}: {fault}; delete that line if no other version wrote it")
        rows.append(tuple(map(record.get, fields)))
    return pd.DataFrame(_filled(fields, rows))


def _table(kind: str, records: list[tuple[Any, ...]]) -> pd.DataFrame:
    """One row per record, with all fields of its kind."""
    return pd.DataFrame(as_columns(_filled(RECORDS[kind], records)))


def _filled(fields: Fields, records: list[tuple[Any, ...]]) -> dict[str, pd.Series]:
    columns = zip(*records, strict=True) if records else ((),) * len(fields)
    return {name: _column(column, field) for (name, field), column in zip(fields.items(), columns, strict=True)}


def _column(values: Sequence[Any], field: Field) -> pd.Series:
    """Numbers as pandas takes them, all else as it is: how pandas keeps texts depends on what else is installed."""
    if field.absent is not NEEDED:
        values = [field.absent if value is None else value for value in values]
    if field.kind == "text":
        known = {value: _writable(value) for value in set(values)}  # few, of thousands of records
        values = [known[value] for value in values]
    if field.kind not in ("count", "figure", "flag") or not values:
        return pd.Series(values, dtype=object)
    numbers = np.array(values)  # several times as quick as pandas, which alone knows what to do with nulls
    return pd.Series(values if numbers.dtype == object else numbers)
