"""Work that was put off is charged to the requests that it belongs to; a pause counts as zero, once."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.judging.cells import tabulate
from analysis.records.reading import Results, read
from tests.support.made_up import MadeUp, footprint, perturbed, window

BLOCKS = 3


def results(folder: Path, *records: dict[str, Any]) -> Results:
    MadeUp(capacity={}, groups=()).write(folder)
    (folder / "windows.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return read(folder)


def cell(folder: Path, *records: dict[str, Any]) -> pd.Series:
    (found,) = (line for _, line in tabulate(results(folder, *records)).iterrows())
    return found


def windows(strategy: str = "epoll", **given: object) -> list[dict[str, Any]]:
    """1,000 replies of 100 µs of CPU time each, in every block."""
    return [window(strategy, block=block, latencies=np.full(1000, 1e6), **given) for block in range(BLOCKS)]


def left_alone(put_off_s: float, busy: float = 0.0, block: int = 0, strategy: str = "epoll") -> dict[str, Any]:
    return footprint(strategy, block=block, replies=1000, put_off_cpu_s=put_off_s, restless_share=busy)


def test_it_is_added_to_the_cpu_of_every_request(tmp_path: Path) -> None:
    """25 ms after 1,000 replies are 25 µs each, in blocks in which nobody looked, too."""
    found = cell(tmp_path, *windows(), left_alone(0.02), left_alone(0.03, block=1))
    assert found["server_cpu_us_per_request"] == pytest.approx(125)
    assert found["capacity_per_core_rps"] == pytest.approx(1e6 / 125)
    assert "works on when nobody asks (20 % of its CPU time)" in found["reason"]


def test_it_is_its_own_cells_alone(tmp_path: Path) -> None:
    table = tabulate(results(tmp_path, *windows(), *windows("poll"), left_alone(0.02, strategy="poll")))
    used = table.set_index("strategy")["server_cpu_us_per_request"]
    assert used.to_dict() == pytest.approx({"epoll": 100, "poll": 120})


def test_a_little_of_it_is_no_doubt(tmp_path: Path) -> None:
    found = cell(tmp_path, *windows(unasked_cpu_s=0.004), left_alone(0.002))
    assert found["server_cpu_us_per_request"] == pytest.approx(102)
    assert "works on" not in found["reason"]


def test_to_wake_up_is_no_work_that_was_put_off(tmp_path: Path) -> None:
    """Of a server that is asked for next to nothing it may be most of the CPU time."""
    found = cell(tmp_path, *windows(server_cpu_s=0.001, unasked_cpu_s=0.0005))
    assert "works on" not in found["reason"]


def test_of_one_that_never_rests_nothing_is_added(tmp_path: Path) -> None:
    """How much it used tells how long it was left alone."""
    found = cell(tmp_path, *windows(unasked_cpu_s=0.04), left_alone(0.3, busy=0.97))
    assert found["server_cpu_us_per_request"] == pytest.approx(100)
    assert "works without end when nobody asks (97 % of a CPU)" in found["reason"]
    assert pd.isna(found["cpu_rank"])


def test_what_others_used_in_its_windows_is_a_doubt(tmp_path: Path) -> None:
    found = cell(tmp_path, *windows(neighbours_cpu_s=0.00248))
    assert "other servers worked in its windows (2 % of their time)" in found["reason"]


def test_its_share_of_a_cpu_is_that_of_the_windows_alone(tmp_path: Path) -> None:
    found = cell(tmp_path, *windows(unasked_cpu_s=0.038), left_alone(0.1))
    assert found["server_cpu_share"] == pytest.approx(0.062 / 0.124)


def test_a_window_without_a_reply_counts_as_zero_once(tmp_path: Path) -> None:
    """Two rounds of 1,000 in a block, the first at a second try: 2,000 in three windows."""
    whole = [window("epoll", block=block, round=round_) for block in range(BLOCKS) for round_ in (0, 1)]
    empty = [window("epoll", block=block, requests=0, unfinished=100, started_ns=-1) for block in range(BLOCKS)]
    found = cell(tmp_path, *empty, *whole)
    assert found["throughput_rps"] == pytest.approx(20_000 / 3)
    assert found["starved"] == 0
    assert found["server_cpu_us_per_request"] == pytest.approx(150)  # its CPU time there is in
    assert "contradict" not in found["reason"]


def test_blocks_without_a_pause_are_asked_for_the_starved_all_the_same(tmp_path: Path) -> None:
    """One block had two tries in a round; that doesn't make the others shorter than it."""
    whole = [window("epoll", block=block, unanswered=7 * (block == 2)) for block in range(BLOCKS)]
    found = cell(tmp_path, window("epoll", requests=0, started_ns=-1), *whole)
    assert found["starved"] == 7


def test_a_pause_says_nothing_of_the_loader(tmp_path: Path) -> None:
    slowed = [perturbed("epoll", block=block, requests=800) for block in range(BLOCKS)]
    paused = perturbed("epoll", block=1, requests=0)
    for number, records in enumerate((slowed, [*slowed, paused])):
        (folder := tmp_path / str(number)).mkdir()
        assert cell(folder, *windows(), *records)["perturbation_loss"] == pytest.approx(0.2)
