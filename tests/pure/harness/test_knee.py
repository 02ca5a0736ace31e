"""The search for the knee, on servers whose knee is known."""

import pytest

from harness.run.knee import Search


def searched(search: Search, knee_rps: float) -> list[tuple[str, float]]:
    """All that it tries, where exactly the rates up to the knee hold."""
    tried = []
    while not search.over:
        tried.append((search.phase, search.rate_rps))
        assert len(tried) < 60
        search.tell(search.rate_rps <= knee_rps)
    return tried


@pytest.mark.parametrize("knee_rps", [3.0, 499.0, 500.0, 777.0, 31_234.0, 2_000_000.0])
def test_finds_the_highest_rate_that_holds(knee_rps: float) -> None:
    search = Search(start_rps=500, within=0.05)
    tried = searched(search, knee_rps)
    assert search.found_rps is not None
    assert knee_rps / 1.05 <= search.found_rps <= knee_rps
    assert tried[-1] == ("confirm", search.found_rps)
    assert [phase for phase, _ in tried].count("confirm") == 1


def test_lucky_look_is_not_confirmed() -> None:
    """A rate that held once and doesn't again is left for a lower one."""
    search = Search(start_rps=1000, within=0.05)
    search.tell(True)
    while search.phase == "search":
        search.tell(search.rate_rps <= 1500)
    lucky = search.rate_rps
    search.tell(False)
    assert search.rate_rps == pytest.approx(lucky / 1.05)
    search.tell(True)
    assert search.over
    assert search.found_rps == pytest.approx(lucky / 1.05)


def test_gives_up_where_nothing_is_confirmed() -> None:
    search = Search(start_rps=1000, within=0.05)
    while not search.over:
        search.tell(search.phase == "search" and search.rate_rps < 1500)
    assert search.found_rps is None


def test_gives_up_where_nothing_holds() -> None:
    search = Search(start_rps=1000, within=0.05)
    searched(search, 0.0)
    assert search.found_rps is None


def test_ends_where_everything_holds() -> None:
    search = Search(start_rps=1000, within=0.05)
    searched(search, float("inf"))
    assert search.over
