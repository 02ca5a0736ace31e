"""Results folders that are incomplete, damaged, or of another version: read, or refused in one line."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.records.reading import ResultsError, read
from tests.support.damaged import DAMAGED, damaged
from tests.support.made_up import (
    SOME,
    MadeUp,
    folder_of,
    window,
)
from tests.support.tabulated import cells_of, printed, written


def test_a_half_written_last_line_is_no_obstacle(tmp_path: Path) -> None:
    made = MadeUp(capacity=SOME, groups=[(10, 64)], blocks=2, rounds=2).write(tmp_path)
    path = made / "windows.jsonl"
    before = len(read(made).windows)
    path.write_bytes(path.read_bytes()[:-300])
    run = json.loads((made / "run.json").read_text()) | {"outcome": "running", "finished_at": None}
    (made / "run.json").write_text(json.dumps(run))
    found = read(made)
    assert len(found.windows) == before - 1
    assert found.notes == [
        "the last record of windows.jsonl is incomplete and left out: the run was killed while it wrote it"
    ]
    assert "Note: the last record of windows.jsonl is incomplete" in " ".join(printed(made).split())
    assert written(made).exists()


def test_a_run_stopped_before_its_first_window_has_no_cells(tmp_path: Path) -> None:
    made = folder_of(tmp_path, [])
    (made / "windows.jsonl").unlink()
    assert len(written(made).read_text().splitlines()) == 1


@pytest.mark.parametrize("fault", ["missing", "empty", "schema", "not json", "broken line", "missing key"])
def test_what_cannot_be_read_is_told_in_one_line(tmp_path: Path, fault: str) -> None:
    folder = tmp_path / "run"
    if fault != "missing":
        folder.mkdir()
    if fault not in ("missing", "empty"):
        folder_of(folder, [window("epoll")])
    if fault == "schema":
        folder_of(folder, [], schema=99)
    if fault == "not json":
        (folder / "run.json").write_text("{")
    if fault == "broken line":
        (folder / "windows.jsonl").write_text('{"kind": "win\n' + json.dumps(window("epoll")) + "\n")
    if fault == "missing key":
        (folder / "windows.jsonl").write_text('{"kind": "window"}\n')
    with pytest.raises(ResultsError) as error:
        read(folder)
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value)
    assert ";" in str(error.value)  # what, then the remedy


@pytest.mark.parametrize("says", DAMAGED)
def test_what_is_damaged_is_named_with_its_file(tmp_path: Path, says: str) -> None:
    made = damaged(tmp_path, says)
    with pytest.raises(ResultsError) as error:
        read(made)
    assert str(error.value).startswith(f"{made}/{says}")
    assert "\n" not in str(error.value)
    assert ";" in str(error.value)  # what, then the remedy


def test_what_another_version_knows_more_is_no_damage(tmp_path: Path) -> None:
    made = folder_of(tmp_path, [window("epoll") | {"later": 1}, {"kind": "later"}], later={"more": []})
    assert len(read(made).windows) == 1


def test_an_old_run_has_no_evidence_and_stays_readable(tmp_path: Path) -> None:
    later = ("rate", "unfinished", "first_half", "asked", "carried", "failed", "spin_ns", "arrival_hdr", "connects")
    made = [window("epoll", block=block, loader_cpu_s=0.12, latencies=np.full(1100, 1e6)) for block in (0, 1)]
    old = [{key: value for key, value in record.items() if key not in later} for record in made]
    cell = cells_of(tmp_path, old, verdict=None).iloc[0]
    assert cell["throughput_rps"] == pytest.approx(10_000)
    assert cell[["drift", "arrival_p90_us", "perturbation_loss", "rate", "memory_mib"]].isna().all()
    assert pd.isna(cell["limited_by"])  # by thresholds that it doesn't name
    assert pd.isna(cell["verdict"])
    assert cell["perturbed_windows"] == 0
