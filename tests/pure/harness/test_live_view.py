"""The picture of a run that goes on, on made-up numbers; and how seldom it is drawn."""

import io
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from rich.console import Console

from harness.views.lines import LinesView
from harness.views.live import Now, picture
from harness.views.view import SHARE, SHORTEST_S, Pace, View

LONG = "a-strategy-whose-name-takes-all-that-there-is@a-variant (receive size 256 KiB)"


class Figure(NamedTuple):
    name: str
    rate_rps: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


FIGURES = [
    Figure("epoll", 41234.4, 1.0, 1.0, 1.0),
    Figure("blocking", 0.0, 0.0),
    Figure("select", 1_234_567.0, 29.94, 19.0, 41.5),
    Figure("twisted", 9000.0, 0.218, 0.0001, 1_775_453.0),
    Figure("[bold]", 8000.0, 0.194),
    Figure(LONG, 7000.0, 0.17, 0.15, 0.19),
]
MEMBERS = [*(figure.name for figure in FIGURES), "uvloop"]


def drawn(
    members: Sequence[str] = MEMBERS, notes: Sequence[str] = (), height: int = 30, reference: str = "epoll",
    where: str = "block 2/6: echo, 100 clients, 64 B", left: str = "2:13 left", color: bool = False, **environ: str,
) -> list[str]:  # fmt: skip
    out = io.StringIO()
    console = Console(file=out, width=80, height=height, force_terminal=color, _environ={"TERM": "xterm", **environ})
    figures = {figure.name: figure for figure in FIGURES}
    console.print(picture(Now(where, 0.4, left, reference, members, figures, notes), height))
    return out.getvalue().splitlines()


def test_it_says_where_the_run_is_and_who_stands_where() -> None:
    head, bar, titles, *rows = (line.split() for line in drawn())
    assert " ".join(head) == "block 2/6: echo, 100 clients, 64 B 2:13 left"
    assert len(bar) == 1
    assert " ".join(titles) == "so far requests/s of epoll 95 %"
    assert rows[:3] == [
        ["epoll", "41,234"],
        ["blocking", "0", "0.00"],
        ["select", "1,234,567", "29.94", "19.00", "to", "41.50"],
    ]
    assert rows[-1] == ["uvloop", "·"]


def test_an_interval_over_everything_is_not_told_yet() -> None:
    (line,) = (line for line in drawn() if line.startswith("twisted"))
    assert line.split() == ["twisted", "9,000", "0.22", "not", "yet"]


def test_names_are_no_markup() -> None:
    assert any(line.startswith("[bold] ") for line in drawn())


def test_nothing_overflows_eighty_columns() -> None:
    note = "in some blocks more than 5 % of the CPU time went to other machines on the host: " * 3
    lines = drawn(notes=[note, "short"], where="block 1/2: " + "echo, " * 30, left="99:59 left at most")
    assert max(map(len, lines)) <= 80
    assert lines[0].endswith("99:59 left at most")
    assert [line[:5] for line in lines if "Note" in line] == ["Note:", "Note:"]
    assert sum(LONG[:20] in line for line in lines) == 1
    assert len(lines) == 3 + len(MEMBERS) + 2


@pytest.mark.parametrize("height", [12, 24, 40])
def test_it_is_no_higher_than_the_terminal(height: int) -> None:
    members = [f"strategy-{number}" for number in range(40)]
    lines = drawn(members, notes=["one", "two", "three", "four"], height=height)
    assert len(lines) < height
    hidden = int(next(line for line in lines if line.startswith("and ")).split()[1])
    assert sum(line.startswith("strategy-") for line in lines) + hidden == 40
    assert "Note: one" not in lines


def test_between_groups_there_is_no_table() -> None:
    assert len(drawn([])) == 2


def test_no_color_is_respected() -> None:
    colored, plain = ("\n".join(drawn(notes=["a"], color=True, **environ)) for environ in ({}, {"NO_COLOR": "1"}))
    assert "\x1b[33m" in colored
    assert "\x1b[33m" not in plain


def test_lines_are_plain_and_one_for_whatever_begins(capsys: pytest.CaptureFixture[str]) -> None:
    plan: Any = SimpleNamespace(extent=(10.0, "s of windows"), goes_on=False)
    with LinesView(plan, lambda group: []) as view:
        for done_s, where in ((0.0, "block 1/2: one"), (3.0, "block 1/2: one"), (5.0, "block 2/2: one")):
            view.tell(done_s, where, 0)
    assert capsys.readouterr().out == (
        "block 1/2: one (10 of 10 s of windows left)\nblock 2/2: one (5 of 10 s of windows left)\n"
    )


def test_time_left_is_told_by_how_the_run_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    plan: Any = SimpleNamespace(extent=(10.0, "s of windows"), goes_on=False)
    with View(plan, lambda group: []) as view:
        monkeypatch.setattr("time.monotonic", lambda: view.began + 8.0)
        assert view.left_s(0.0) is None
        assert view.left_s(4.0) == pytest.approx(12.0)
        assert view.left_s(11.0) == 0
        plan.goes_on = True
        assert view.left_s(4.0) == 6.0


def test_drawing_takes_no_more_than_its_share() -> None:
    """A terminal that is slow to take the picture gets it seldom."""
    now_s, spent_s = 0.0, 0.0

    def slow() -> None:
        nonlocal now_s, spent_s
        now_s += 0.3
        spent_s += 0.3

    pace = Pace(lambda: now_s)
    for _ in range(100_000):
        pace.draw(slow)
        now_s += 0.01
    assert 0 < spent_s <= SHARE * now_s + 0.3


def test_a_quick_terminal_is_drawn_twice_a_second() -> None:
    now_s, times = 0.0, 0

    def quick() -> None:
        nonlocal times
        times += 1

    pace = Pace(lambda: now_s)
    while now_s < 10:
        pace.draw(quick)
        now_s += 0.01
    assert times == pytest.approx(10 / SHORTEST_S, abs=1)
