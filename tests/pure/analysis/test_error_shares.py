"""Errors are shared by all requests of the same span: errors of the whole window, so replies of the whole window."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.judging.cells import tabulate
from analysis.records.reading import read
from tests.support.made_up import MadeUp, window


@pytest.mark.parametrize(("errors", "limit"), [(16, "errors"), (14, "server")])
def test_head_and_drain_count_on_both_sides(tmp_path: Path, errors: int, limit: str) -> None:
    """A window that answers 1,000 in its counted part and 1,500 in all may fail 15 times, not 10."""
    made = [window("epoll", block=block, requests=1000, replies=1500, errors={"reset": errors}, failed=errors,
                   latencies=np.full(1100, 5e6)) for block in range(3)]  # fmt: skip
    MadeUp(capacity={}, groups=()).write(tmp_path)
    (tmp_path / "windows.jsonl").write_text("".join(json.dumps(record) + "\n" for record in made))
    (cell,) = (cell for _, cell in tabulate(read(tmp_path)).iterrows())
    assert cell["limited_by"] == limit
    assert ("requests failed (1.1 %)" in cell["reason"]) == (limit == "errors")
