"""A results folder as tables. Whatever killed the run, every finished window stays readable."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

SCHEMA = 1

GROUP_KEYS = ["service", "clients", "message_size", "requests_per_connection", "load", "server_cpus"]
CELL_KEYS = ["strategy", "variant", *GROUP_KEYS]

_FAILURE_KEYS = [*CELL_KEYS, "block", "group", "status", "reason"]
_WINDOW_KEYS = [
    *CELL_KEYS, "block", "group", "round", "checked", "started_ns", "counted_s", "requests", "replies",
    "censored", "unfinished", "unanswered", "errors", "connect_hdr", "latency_hdr", "server_cpu_s",
    "server_minor_faults", "loader_cpu_s", "loader_wall_s",
]  # fmt: skip


class ResultsError(Exception):
    """The results cannot be read; the message is one line that names the file and the remedy."""


@dataclass(frozen=True)
class Results:
    """One run, as recorded; in the tables `requests_per_connection` 0 means unlimited."""

    folder: Path
    run: dict[str, Any]
    windows: pd.DataFrame
    failures: pd.DataFrame


def load(folder: Path) -> Results:
    """The run in `folder`; ResultsError if it is no results folder or of another schema."""
    folder = Path(folder)
    run = _run(folder)
    windows: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    tables = {"window": (windows, _WINDOW_KEYS), "failure": (failures, _FAILURE_KEYS)}
    path = folder / "windows.jsonl"
    for number, record in _records(path):
        rows, keys = tables.get(record.get("kind", ""), (None, []))
        if rows is None:
            continue  # a kind that a later version records
        missing = [key for key in keys if key not in record]
        if missing:
            raise ResultsError(f"{path}:{number}: no {missing[0]!r}; was it written by another version?")
        rows.append(record)
    return Results(folder, run, _table(windows, _WINDOW_KEYS), _table(failures, _FAILURE_KEYS))


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
    if schema != SCHEMA:
        raise ResultsError(f"{path}: schema {schema!r}, this version reads {SCHEMA}; use the version that wrote it")
    return run


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return  # stopped before the first window
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError("not an object")
        except ValueError as error:
            if number == len(lines) and not line.endswith(b"\n"):
                return  # the line that was being written when the run was killed
            raise ResultsError(f"{path}:{number}: not a JSON record ({error}); delete that line") from None
        yield number, record


def _table(records: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    table = pd.DataFrame(records, columns=columns)
    for key in ("clients", "message_size", "requests_per_connection"):
        table[key] = table[key].astype("Int64").fillna(0).astype(int)
    table["server_cpus"] = [" ".join(map(str, cpus or [])) for cpus in table["server_cpus"]]
    table["variant"] = [variant or "" for variant in table["variant"]]
    return table
