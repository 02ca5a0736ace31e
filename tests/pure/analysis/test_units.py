"""Numbers as people read them."""

import pytest

from analysis import units
from analysis.judging.soak import _moved


@pytest.mark.parametrize(
    ("microseconds", "said"),
    [
        (0.0, "0.00 µs"),
        (0.001, "< 0.01 µs"),
        (0.56, "0.56 µs"),
        (999.96, "1.00 ms"),
        (2_500_000, "2.50 s"),
        (3_600_000_000, "3600 s"),
        (1.45e17, "> 1 h"),
    ],
)
def test_a_time_has_three_digits_and_no_more_than_an_interval_can_mean(microseconds: float, said: str) -> None:
    assert units.duration(microseconds) == said


@pytest.mark.parametrize(("share", "said"), [(-0.011, "-1.1 %"), (0.41, "+41 %"), (1.1, "+110 %"), (12.5, "+1,250 %")])
def test_a_change_is_in_per_cent_without_exponents(share: float, said: str) -> None:
    assert _moved(share) == said
