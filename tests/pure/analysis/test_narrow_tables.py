"""Every table fits a terminal of 80 columns, without a figure that is cut; a file has it whole."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from analysis import compare
from analysis.gate.result import Gate, examine
from analysis.records.reading import read
from analysis.tables import calibration, gate
from tests.support.made_up import SETTINGS, MadeUp, MadeUpGate

CUT = "\N{HORIZONTAL ELLIPSIS}"
Render = Callable[[Gate, Console], None]


def printed(render: Render, found: Gate, width: int, *, terminal: bool = True) -> list[str]:
    file = io.StringIO()
    # the environment's COLUMNS is no terminal's
    render(found, Console(file=file, width=width, force_terminal=terminal, color_system=None, _environ={}))
    return file.getvalue().splitlines()


def of_gate(folder: Path) -> Gate:
    names = ("epoll", "asyncio-protocol", "a-name-of-thirty-letters-in-all")
    return examine(read(MadeUpGate(throughput=dict.fromkeys(names, 0.9)).write(folder)))


def of_two_runs(folder: Path) -> Gate:
    """Of several groups, which stand behind each strategy's name."""
    capacity: dict[str, Any] = {"epoll": 5e4, "asyncio-protocol": 4e4}
    runs = [MadeUp(capacity=capacity, groups=[(10, 64), (500, 16384)], seed=seed) for seed in (1, 2)]
    a, b = (str(run.write(folder / str(place))) for place, run in enumerate(runs))
    path = Path(b) / "run.json"
    path.write_text(path.read_text().replace("20261122-203000-default", "20261123-203000-default"))
    return compare.compare(a, b, SETTINGS["gate"])


@pytest.mark.parametrize(
    ("render", "made"), [(gate.render, of_gate), (gate.render, of_two_runs), (calibration.render, of_gate)]
)
def test_no_line_is_wider_than_a_terminal_of_80_columns(
    render: Render, made: Callable[[Path], Gate], tmp_path: Path
) -> None:
    found = made(tmp_path)
    lines = printed(render, found, 80)
    assert max(map(len, lines)) <= 80
    assert CUT not in "".join(lines)


@pytest.mark.parametrize("render", [gate.render, calibration.render])
def test_what_a_narrow_terminal_shows_a_wide_one_shows_too(render: Render, tmp_path: Path) -> None:
    found = of_gate(tmp_path)
    narrow, wide = (" ".join(printed(render, found, width)) for width in (80, 140))
    assert {word for word in narrow.split() if "%" in word} <= set(wide.split())
    assert narrow.count(" epoll ") >= wide.count(" epoll ") > 0


def test_a_narrow_terminal_says_which_columns_it_has_no_room_for(tmp_path: Path) -> None:
    found = of_gate(tmp_path)
    assert any("narrow: p, n, base, head are on the page" in line for line in printed(gate.render, found, 80))
    for lines in (printed(gate.render, found, 140), printed(gate.render, found, 80, terminal=False)):
        assert not any("narrow" in line for line in lines)
        assert any("<0.001" in line for line in lines)


@pytest.mark.parametrize("render", [gate.render, calibration.render])
def test_in_a_file_each_name_is_whole(render: Render, tmp_path: Path) -> None:
    lines = printed(render, of_gate(tmp_path), 80, terminal=False)
    assert sum("a-name-of-thirty-letters-in-all " in line for line in lines) >= 1
    assert min(len(line.split()) for line in lines if "server CPU" in line) > 2  # no line of a folded name
