"""The run of a thousand cells is made of the recorded one, the same each time."""

import json
from pathlib import Path

from benchmarks.thousand_cells import NAMES, SIZES, make


def test_it_has_each_cell_under_every_name_and_size(tmp_path: Path) -> None:
    assert 84 * NAMES * SIZES >= 1000
    lines = (make(tmp_path, 1, 2) / "windows.jsonl").read_text().splitlines()
    cells = {tuple(json.loads(line)[name] for name in ("strategy", "clients", "message_size")) for line in lines}
    assert len(cells) == 168
