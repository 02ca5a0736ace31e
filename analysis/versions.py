"""Results folders of older schemas, read as if they were of today's."""

from collections.abc import Iterable, Iterator
from typing import Any

from analysis.schema import VERSION

READABLE = tuple(range(1, VERSION + 1))

Lines = Iterable[tuple[int, dict[str, Any]]]  # the number of each line of windows.jsonl, and its record


def filled_up(run: dict[str, Any], lines: Lines) -> tuple[dict[str, Any], Lines]:
    """The run and its records as today's schema has them; a run of today's is left as it is.

    1 to 2: notes were sentences, and a range was called a spread. Fields that version 1 got in the course of
    time have their `absent` in schema.toml.
    """
    if run["schema"] == VERSION:
        return run, lines
    said = [{"kind": "said", "seen": str(mark), "why": "", "remedy": ""} for mark in run.get("marks") or []]
    kept = {name: value for name, value in run.items() if name != "marks"}
    return kept | {"schema": VERSION, "notes": said}, _renamed(lines)


def _renamed(lines: Lines) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, record in lines:
        if "start_spread_s" in record:
            record["start_range_s"] = record.pop("start_spread_s")
        yield number, record
