"""What a run that goes on has found so far: the figures of the table at its end, of the blocks that are there."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.so_far import SoFar
from analysis.statistics import ratio
from tests.support.made_up import window

RATES = {  # by block and round
    "epoll": {(0, 0): 1000.0, (0, 1): 1200.0, (1, 0): 900.0, (1, 1): 800.0},
    "select": {(0, 0): 500.0, (0, 1): 590.0, (1, 0): 440.0, (1, 1): 410.0},
}


def written(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("a") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)


def rows(block: int, **others: Any) -> list[dict[str, Any]]:
    return [
        window(name, block=block, round=round_, requests=int(rate), counted_s=1.0, **others)
        for name, rates in RATES.items()
        for (at, round_), rate in rates.items()
        if at == block
    ]


def test_ratios_are_those_of_the_table_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "windows.jsonl"
    so_far = SoFar(path, "epoll")
    written(path, rows(0))
    epoll, select = so_far.of(0)
    assert (epoll.name, epoll.rate_rps, epoll.ratio, epoll.low) == ("epoll", pytest.approx(1100), 1.0, None)
    assert select.rate_rps == pytest.approx(545)
    assert (select.low, select.high) == (None, None)  # one block has no interval
    written(path, rows(1))
    _, select = so_far.of(0)
    assert select[2:] == pytest.approx(tuple(ratio(RATES["select"], RATES["epoll"])))


def test_variants_are_held_against_the_first(tmp_path: Path) -> None:
    path = tmp_path / "windows.jsonl"
    written(path, [*rows(0, variant="base"), *rows(0, variant="head")])
    found = {figure.name: figure.ratio for figure in SoFar(path, "epoll", "base").of(0)}
    assert found == {name: pytest.approx(1.0) for name in ("epoll@base", "epoll@head", "select@base", "select@head")}


def test_without_the_reference_there_are_rates_alone(tmp_path: Path) -> None:
    path = tmp_path / "windows.jsonl"
    written(path, rows(0))
    assert [figure.ratio for figure in SoFar(path, "poll").of(0)] == [None, None]
    assert SoFar(path, "poll").of(1) == []


@pytest.mark.parametrize(("usual", "first"), [(65536, 65536), (8192, 1024)])
def test_along_an_axis_each_is_held_against_itself_at_the_usual_value(tmp_path: Path, usual: int, first: int) -> None:
    """Where nobody has the usual value, at the least, as in the table at the end."""
    path = tmp_path / "windows.jsonl"
    for value, factor in ((1024, 1.0), (65536, 2.0)):
        of_value = rows(0, along="recv_size", recv_size=value)
        written(path, [row | {"requests": int(row["requests"] * factor)} for row in of_value])
    found = {figure.name: figure.ratio for figure in SoFar(path, "epoll", usual={"recv_size": usual}).of(0)}
    double = 1.0 if first == 65536 else 2.0
    assert found == {
        f"{name} ({value})": pytest.approx(double * factor)
        for name in RATES
        for value, factor in (("1 KiB", 0.5), ("64 KiB", 1.0))
    }
