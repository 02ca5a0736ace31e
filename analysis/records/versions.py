"""Results folders of older schemas, read as if they were of today's."""

from collections.abc import Iterable, Iterator
from typing import Any

import axes
from analysis.records.schema import VERSION
from axes import AXES

READABLE = tuple(range(1, VERSION + 1))

Lines = Iterable[tuple[int, dict[str, Any]]]  # the number of each line of windows.jsonl, and its record


def filled_up(run: dict[str, Any], lines: Lines) -> tuple[dict[str, Any], Lines]:
    """The run and its records, as they are asked for, as today's schema has them; a run of today's is left as it is.

    1 to 2: notes were sentences, a range was called a spread, a record's CPUs were a list, axes that came later were as
    the settings said, and strategies had no families: they keep the order of the run, and their looks come from their
    names.
    2 to 3: no server had a handler. 3 to 4: all went over TCP. 4 to 5: nothing was probed, and nobody was there beside
    the clients. 5 to 6: all was on one machine.
    Fields that a version got in the course of time have their `absent` in schema.toml.
    """
    if run["schema"] == VERSION:
        return run, lines
    usual = _usual(run)
    since = run["schema"]
    if since == 1:
        said = [{"kind": "said", "seen": str(mark), "why": "", "remedy": ""} for mark in run.get("marks") or []]
        kept = {name: value for name, value in run.items() if name != "marks"}
        run = kept | {"families": {}, "notes": said}
    return run | {"schema": VERSION, "axes": axes.as_record(usual)}, _of_today(lines, usual, since)


def _usual(run: dict[str, Any]) -> dict[str, Any]:
    """The value of each axis in a run that didn't name it."""
    usual = {name: axis.usual for name, axis in AXES.items()}
    for name, axis in AXES.items():
        if axis.setting:
            table, key = axis.setting.split(".")
            usual[name] = (run.get(table) or {}).get(key)
    return usual | {"server_cpus": " ".join(map(str, run.get("server_cpus") or []))}


def _of_today(lines: Lines, usual: dict[str, Any], since: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """The records of a run of that version."""
    later = {name: usual[name] for name, axis in AXES.items() if axis.since > since and usual[name] is not None}
    for number, record in lines:
        record = later | record
        if isinstance(record["server_cpus"], list):
            record["server_cpus"] = " ".join(map(str, record["server_cpus"]))
        if "start_spread_s" in record:
            record["start_range_s"] = record.pop("start_spread_s")
        yield number, record
