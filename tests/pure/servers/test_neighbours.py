"""What two neighbours differ by is the lesson: it has to fit a screen."""

from difflib import SequenceMatcher

import pytest

from tests.support.project import ROOT

SCREEN = 50  # rows, the two files side by side and what they share left out
NEIGHBOURS = [
    ("readiness/select_loop", "readiness/poll_loop"),
    ("readiness/poll_loop", "readiness/epoll_loop"),
    ("readiness/epoll_loop", "readiness/epoll_edge"),
    ("readiness/epoll_loop", "readiness/selectors_loop"),
    ("per_client/threading_bare", "per_client/thread_pool"),
    ("workers/prefork", "workers/prefork_reuseport"),
]


@pytest.mark.parametrize(("one", "other"), NEIGHBOURS)
def test_the_difference_fits_a_screen(one: str, other: str) -> None:
    assert 0 < rows(*(lines(name) for name in (one, other))) <= SCREEN


def test_what_differs_on_either_side_is_a_row() -> None:
    assert rows(["a", "b", "c"], ["a", "x", "y", "c", "d"]) == 3


def lines(name: str) -> list[str]:
    """The file's lines, without the empty ones."""
    return [line for line in (ROOT / "servers" / f"{name}.py").read_text().splitlines() if line.strip()]


def rows(one: list[str], other: list[str]) -> int:
    """How many rows the lines take that aren't in both."""
    changed = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return sum(max(here - begin, there - start) for tag, begin, here, start, there in changed if tag != "equal")
