"""First windows of a closed loop that no request fits into: no figure comes from them; a cell of nothing else tells."""

from pathlib import Path

import pandas as pd
import pytest

from tests.support.made_up import window
from tests.support.tabulated import cells_of

SHORT = {"phase": "search", "requests": 0, "replies": 10}


def test_no_figure_comes_from_them(tmp_path: Path) -> None:
    made = [window("slow", block=block, round=1, requests=1000) for block in range(3)]
    figures = cells_of(tmp_path / "without", made).iloc[0]
    also = cells_of(tmp_path / "with", [window("slow", block=0, **SHORT), *made]).iloc[0]
    assert also["throughput_rps"] == figures["throughput_rps"] > 0
    assert (also["windows"], also["status"], also["reason"]) == (3, "ok", figures["reason"])


@pytest.mark.parametrize("blocks", [1, 2])
def test_blocks_of_nothing_else_are_told(tmp_path: Path, blocks: int) -> None:
    made = [window("slow", block=0, **SHORT), *[window("slow", block=block) for block in range(1, blocks)]]
    cell = cells_of(tmp_path, made).iloc[0]
    why = "no request fits into its first windows, which were too short"
    assert cell["status_reason"] == (why if blocks == 1 else f"{why} in 1 of 2 blocks")
    assert cell["status"] == ("failed" if blocks == 1 else "incomplete")
    assert pd.isna(cell["throughput_rps"]) == (blocks == 1)
