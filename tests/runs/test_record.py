"""A run leaves the fields of schema.toml behind, and no other."""

import ast
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.records import schema
from analysis.records.checking import TYPES
from analysis.records.points import CELL_KEYS
from analysis.records.schema import COLUMNS, POINT, RECORDS, RUN
from harness.doctor.ceiling import Point
from harness.processes.calibration import Calibration
from tests.support.bench import MISBEHAVE, Bench
from tests.support.project import ROOT

# A closed loop with slowed windows, a search for the knee, servers that die: every kind of record, every field.
SETTINGS = """
[window]
lengths = [{ clients = 1000, head_s = 0.01, counted_s = 0.05 }]
request_timeout_s = 0.2
[open]
counted_s = 0.1
[knee]
p99_limit_ms = 1000.0
within = 0.9
start_rps = 20000
[verdict]
perturb_from_share = 0.0
[profiles.all]
blocks = 2
rounds = 1
matrix = [
    { service = ["echo"], clients = [3], sizes = [64] },
    { service = ["echo"], clients = [3], sizes = [64], company = ["idle"], company_sizes = [2] },
    { service = ["echo"], clients = [3], sizes = [64], load = "knee" },
]
[variants.one]
[variants.other]
env = { ODD = "1" }
[strategies]
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A tiny run that goes on until its budget is used."""
    folder = tmp_path_factory.mktemp("schema")
    options = ("--profile", "all", "--strategies", "epoll,prefork,dies", "--variants", "one,other")
    bench = Bench(folder, {"dies": f"{MISBEHAVE} dies --sound-starts 2"}, *options, "--precision", "50%",
                  "--budget", "5s", settings=SETTINGS)  # fmt: skip
    try:
        bench.ended()
        yield bench
    finally:
        bench.close()


def test_the_run_ends_well(bench: Bench) -> None:
    assert bench.process.returncode == 0, bench.output
    assert {row["kind"] for row in bench.rows()} == set(RECORDS), bench.output


def test_its_latencies_end_at_the_kernels_stamp(bench: Bench) -> None:
    windows = [row for row in bench.rows() if row["kind"] in ("window", "perturbed") and row["answered"]]
    assert windows
    assert {row["unstamped"] for row in windows} == {0}


@pytest.mark.parametrize("kind", RECORDS)
def test_records_have_the_fields_of_the_schema(bench: Bench, kind: str) -> None:
    rows = [row for row in bench.rows() if row["kind"] == kind]
    needed = {name for name, field in RECORDS[kind].items() if field.absent is schema.NEEDED}
    written = {name for row in rows for name in row} | ({"phase"} if kind == "perturbed" else set())
    assert written == set(RECORDS[kind]) - OF_ATTACHED
    assert all(needed <= row.keys() for row in rows)
    for row in rows:
        for name, value in row.items():
            assert value is None or isinstance(value, TYPES[RECORDS[kind][name].kind]), (name, value)


def test_run_json_has_the_fields_of_the_schema(bench: Bench) -> None:
    described = bench.described
    assert list(described) == [name for name in RUN if "." not in name]
    for name, value in described.items():
        assert value is None or isinstance(value, TYPES[RUN[name].kind]), name


# Fields that this run does not have: it has no attached server, is not of two revisions, tries no claims, and no doctor
# has been here.
OF_ATTACHED = {"network_round_trip_us"}
OF_REVISIONS = {"variants.*.asked", "variants.*.revision", "variants.*.changes", "variants.*.elsewhere"}


def test_its_tables_have_the_fields_of_the_schema(bench: Bench) -> None:
    written = set(fields_of(bench.described))
    told = {name for name in RUN if "." in name}
    notes = {name for name in told if name.startswith("notes.")}
    ceiling = {name for name in told if name.startswith("loader_ceiling.")}
    calibration = {name for name in told if name.startswith("calibration.")}  # no handler computes here
    claims = {name for name in told if name.startswith("claims.")}
    hosts = {name for name in told if name.startswith(("loader_workers.", "round_trips."))}  # there are no others
    # of what it may lack, its writers say the names
    said = {constant for path in (ROOT / "harness").rglob("*.py") for constant in constants(path)}
    assert told >= OF_REVISIONS
    assert all(name.rpartition(".")[2] in said for name in OF_REVISIONS | claims)
    assert written | notes | ceiling | calibration | claims | hosts | OF_REVISIONS == told
    assert {name.rpartition(".")[2] for name in notes} == {"kind", "seen", "why", "remedy"}
    assert {name.rpartition(".")[2] for name in ceiling} == set(Point.__dataclass_fields__) - set(POINT)
    assert {name.rpartition(".")[2] for name in calibration} == set(Calibration.__dataclass_fields__)


def fields_of(described: dict[str, Any]) -> Iterator[str]:
    """The fields of the tables of a run.json, as schema.toml names them; those that make a cell left out."""
    by_name = {name.partition(".*")[0] for name in RUN if ".*" in name}
    for name in (name for name, field in RUN.items() if field.kind == "table" and "." not in name):
        table = described[name] or {}
        if isinstance(table, list):
            place, entries = f"{name}.*.", table
        elif name in by_name:
            place, entries = f"{name}.*.", list(table.values())
        else:
            place, entries = f"{name}.", [table]
        of_cells = POINT if name == "groups" else ()
        yield from (place + key for entry in entries for key in entry if key not in of_cells)


def test_cells_csv_has_the_columns_of_the_schema(bench: Bench) -> None:
    with (bench.folder / "cells.csv").open() as file:
        assert next(csv.reader(file)) == list(COLUMNS)
    assert all(field.kind in ("count", "figure", "text", "counts", "codes") for field in COLUMNS.values())
    assert set(CELL_KEYS) <= set(COLUMNS)
    assert set(CELL_KEYS) <= set(RECORDS["footprint"])


def constants(path: Path) -> set[str]:
    """The texts in a module's code."""
    return {node.value for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)}  # fmt: skip
