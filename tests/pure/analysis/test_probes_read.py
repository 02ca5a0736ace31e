"""probes.jsonl as a table: every row that was written, and a damaged one by its name."""

import json
from pathlib import Path

import pytest

from analysis.records.reading import ResultsError, read
from harness.probes.form import Row
from tests.support.made_up import folder_of, window

ROWS = [
    Row("restart", "with SO_REUSEADDR", "seconds", 0.0, "s", strategy="blocking"),
    Row("restart", "without", "seconds", 60.1, "s", strategy="blocking", block=1),
    Row("anatomy", "1 client", "system_calls", None, failure="strace is missing"),
]


def folder(tmp_path: Path, *lines: str) -> Path:
    made = folder_of(tmp_path, [window("epoll")])
    (made / "probes.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return made


def test_rows_are_read_as_they_were_made(tmp_path: Path) -> None:
    found = read(folder(tmp_path, *(json.dumps(row.record) for row in ROWS))).probes
    assert found["value"].fillna(-1.0).tolist() == [0.0, 60.1, -1.0]
    assert found["failure"].tolist() == ["", "", "strace is missing"]
    assert found["block"].tolist() == [0, 1, 0]
    assert set(found.columns) == set(ROWS[0].record)


def test_a_run_without_probes_has_none(tmp_path: Path) -> None:
    found = read(folder_of(tmp_path, [window("epoll")])).probes
    assert len(found) == 0
    assert "figure" in found.columns


def test_a_damaged_row_is_named(tmp_path: Path) -> None:
    damaged = json.dumps(ROWS[1].record | {"figure": 3})
    with pytest.raises(ResultsError, match=r"probes\.jsonl:2: figure is 3, not a text"):
        read(folder(tmp_path, json.dumps(ROWS[0].record), damaged))
