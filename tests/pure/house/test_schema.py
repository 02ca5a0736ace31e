"""schema.toml against what is written and what is read: a field can't be forgotten on either side."""

import ast
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.records.points import CELL_KEYS
from analysis.records.reading import ResultsError, read
from analysis.records.schema import COLUMNS, POINT, README, RECORDS, RUN, VERSION, documented
from tests.support.made_up import at_rate, failure, footprint, perturbed, window
from tests.support.project import RECORDED, ROOT

# --- who reads them ------------------------------------------------------------------------------------------------

# Nothing reads these; they are recorded so that a figure that looks odd can be looked into.
FOR_THE_CURIOUS = {
    "position": "whether the place in a round matters",
    "start_range_s": "whether workers began together",
    "drain_s": "whether the drain's limit cut windows short",
    "late": "part of replies: what was answered too late",
    "censored_hdr": "how old requests are that had no answer",
    "server_major_faults": "whether a server waited for the disk",
    "server_processes": "how many children came and went",
    "replaced": "what a server's idle timeout costs",
    "still_s": "what standing still takes",
    "time_wait": "whether ports were short",
    "worker": "which one it was; of different blocks that has nothing in common",
}
RUNS_FOR_THE_CURIOUS = {
    "interpreter": "what ran the harness", "workers": "how the load was made",
    "hosts": "how the load was made",
    "open": "how the load was made", "loadgen": "how the load was made", "loader_loop": "how the load was made",
    "servers": "how servers were started", "limits": "of the system",
}  # fmt: skip


def is_run(node: ast.expr) -> bool:
    return (isinstance(node, ast.Name) and node.id == "run") or (isinstance(node, ast.Attribute) and node.attr == "run")


def read_of_run(tree: ast.AST) -> Iterator[ast.Constant]:
    """The names by which a module asks run.json for a field: run["x"], run.get("x"), some_function(run, "x")."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=run, slice=ast.Constant() as name) if is_run(run):
                yield name
            case ast.Call(func=ast.Attribute(attr="get", value=run), args=[ast.Constant() as name, *_]) if is_run(run):
                yield name
            case ast.Call(args=[run, ast.Constant() as name, *_]) if is_run(run):
                yield name


READERS = [ast.parse(path.read_text()) for path in (ROOT / "analysis").rglob("*.py")
           if path.name not in ("schema.py", "versions.py")]  # fmt: skip


def test_every_field_of_a_record_is_read_or_for_the_curious() -> None:
    of_run = {name for tree in READERS for name in read_of_run(tree)}
    read_here = {node.value for tree in READERS for node in ast.walk(tree)
                 if isinstance(node, ast.Constant) and node not in of_run}  # fmt: skip
    # latencies.py puts the names of these two together
    read_here |= {f"{part}_hdr" for part in ("service", "dispatch") if part in read_here}
    # what makes a cell is read by its list, in analysis/records/points.py
    fields = {name for kind in RECORDS.values() for name in kind} - set(CELL_KEYS)
    assert fields - read_here == set(FOR_THE_CURIOUS)


def test_every_field_of_run_json_is_read_or_for_the_curious() -> None:
    read_here = {name.value for tree in READERS for name in read_of_run(tree)}
    by_versions = {"schema"}
    assert {name for name in RUN if "." not in name} - read_here - by_versions == set(RUNS_FOR_THE_CURIOUS)


def test_every_field_has_a_meaning_and_a_known_version() -> None:
    for fields in (RUN, COLUMNS, *RECORDS.values()):
        for name, field in fields.items():
            assert field.meaning, name
            assert 1 <= field.since <= VERSION, name
            assert re.fullmatch(r"[a-z0-9_]+(\.\*)?(\.[a-z0-9_]+)?", name), name


def test_what_makes_a_cell_is_listed_elsewhere() -> None:
    named = re.findall(r"^(\w+) = ", (ROOT / "schema.toml").read_text().partition("[cell]")[2], re.MULTILINE)
    assert not set(named) & set(POINT)


def test_the_readme_s_tables_are_fresh() -> None:
    """Stale? `make schema` writes them anew."""
    text = README.read_text()
    assert documented(text) == text


# --- invented and recorded folders ---------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [window, perturbed, footprint, failure])
def test_invented_records_have_every_field(made: Any) -> None:
    record = made("epoll")
    assert set(record) == set(RECORDS[record["kind"]])
    json.loads(json.dumps(record, allow_nan=False))
    with pytest.raises(AssertionError, match="not in schema"):
        made("epoll", moon="full")


def test_an_invented_window_at_a_rate_has_every_field() -> None:
    assert set(at_rate("epoll", 100)) == set(RECORDS["window"])


def test_a_folder_of_version_1_has_the_fields_of_that_time() -> None:
    told = json.loads((RECORDED / "run.json").read_text())
    assert set(told) == {name for name, field in RUN.items() if field.since == 1 and "." not in name} | {"marks"}
    lines = gzip.decompress((RECORDED / "windows.jsonl.gz").read_bytes()).splitlines()
    for record in map(json.loads, lines):
        known = {name for name, field in RECORDS[record["kind"]].items() if field.since == 1}
        renamed = {"start_spread_s"} if record["kind"] in ("window", "perturbed") else set()
        assert set(record) == (known | renamed) - {"phase"}


OLDEST = {"schema": 1, "run_id": "20260101-120000-quick", "strategies": {}, "window": {"p99_multiple": 5.0}}


def version_1(folder: Path, **told: Any) -> Path:
    """A folder of a single window, as version 1 wrote it."""
    record = window("epoll") | {"start_spread_s": 0.25}
    del record["start_range_s"]
    (folder / "run.json").write_text(json.dumps(OLDEST | told))
    (folder / "windows.jsonl").write_text(json.dumps(record) + "\n")
    return folder


def test_version_1_is_filled_up(tmp_path: Path) -> None:
    found = read(version_1(tmp_path, marks=["epoll: ignored SIGTERM; a: b"]))
    assert found.run["schema"] == VERSION
    assert found.run["notes"] == [{"kind": "said", "seen": "epoll: ignored SIGTERM; a: b", "why": "", "remedy": ""}]
    assert "marks" not in found.run
    assert found.notes == ["epoll: ignored SIGTERM; a: b"]
    assert found.windows["start_range_s"].to_list() == [0.25]


def test_version_1_from_before_notes(tmp_path: Path) -> None:
    assert read(version_1(tmp_path)).notes == []


@pytest.mark.parametrize("version", [7, 0, None, "2", 1.5])
def test_an_unknown_version_gets_a_clear_word(tmp_path: Path, version: object) -> None:
    with pytest.raises(ResultsError) as error:
        read(version_1(tmp_path, schema=version))
    words = f"schema {version!r}, this version reads 1 and 2 and 3 and 4 and 5 and 6; use the version that wrote it"
    assert str(error.value) == f"{tmp_path / 'run.json'}: {words}"
