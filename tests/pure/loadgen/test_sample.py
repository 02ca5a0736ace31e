"""What a window makes of the replies that were drawn, and of a clock that is set meanwhile."""

import numpy as np
import pytest

from loadgen import histogram, stamp, window
from loadgen.arrivals import FAR_NS
from loadgen.log import Log
from loadgen.observation import tails

MS = 1_000_000


def sample(*drawn: tuple[int, int, int, int]) -> "window._Sample":
    log = Log()
    log.drawn.extend((*one, number) for number, one in enumerate(drawn))
    return window._sample(log, 0, 1000 * MS, range(len(drawn)))


def test_a_reply_that_lay_there_ends_where_it_came() -> None:
    found = sample((10 * MS, 0, 12 * MS, 5 * MS))
    assert found.service_ns.tolist() == [2 * MS]
    assert found.lay_ns.tolist() == [5 * MS]
    assert found.unstamped == 0


def test_a_reply_without_a_stamp_ends_where_it_was_seen() -> None:
    found = sample((10 * MS, 0, 17 * MS, stamp.NO_STAMP))
    assert found.service_ns.tolist() == [7 * MS]
    assert found.unstamped == 1
    assert found.lay_ns.size == 0


def test_a_stamp_from_before_the_request_is_none() -> None:
    """The clock was set on by 20 ms while the reply lay there: it was seen at 17 ms."""
    found = sample((10 * MS, 0, -3 * MS, 20 * MS))
    assert found.service_ns.tolist() == [7 * MS]
    assert found.unstamped == 1


def test_only_requests_that_count_are_of_the_sample() -> None:
    meant_before, sent_after = (5 * MS, 6 * MS, 6 * MS, 0), (1000 * MS, 0, 1001 * MS, 0)
    assert sample(meant_before, sent_after).service_ns.size == 0


@pytest.mark.parametrize("every", [1, 2, 8, 5000])
def test_so_many_are_drawn(every: int) -> None:
    drawn = np.frombuffer(stamp.draws(every), np.uint8)
    assert drawn.sum() == round(stamp.DRAWS / every) > 0


@pytest.mark.parametrize(("unfinished", "is_given"), [(9, True), (11, False)])
def test_who_waits_weighs_as_much_as_all_that_a_sample_stands_for(unfinished: int, is_given: bool) -> None:
    """One in eight of a thousand answers was drawn, and a hundredth of all waits, or less."""
    told = {
        "answered": 1000, "latency_hdr": histogram.encode(np.full(125, 3 * MS)), "unfinished": unfinished,
        "unanswered": 0, "connect_hdr": None, "connecting": 0, "outlasting": 0,
    }  # fmt: skip
    p99 = tails(told, is_closed=True)["latency_p99_ns"]
    assert p99 == (pytest.approx(3 * MS, rel=1e-3) if is_given else FAR_NS)


@pytest.mark.parametrize(("connecting", "is_given"), [(9, True), (11, False)])
def test_who_still_connects_is_slower_than_any_connect(connecting: int, is_given: bool) -> None:
    told = {
        "answered": 0, "latency_hdr": None, "unfinished": 0, "unanswered": 0, "outlasting": 0,
        "connect_hdr": histogram.encode(np.full(1000, 3 * MS)), "connecting": connecting,
    }  # fmt: skip
    p99 = tails(told, is_closed=True)["connect_p99_ns"]
    assert p99 == (pytest.approx(3 * MS, rel=1e-3) if is_given else FAR_NS)


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_window_shorter_than_its_requests_is_far_too_short(is_closed: bool) -> None:
    """Nothing was sent in its counted part, as all waited through it. An open loop sends all the same."""
    told = {
        "answered": 0, "latency_hdr": None, "unfinished": 0, "unanswered": 0, "outlasting": 4,
        "connect_hdr": None, "connecting": 0,
    }  # fmt: skip
    assert tails(told, is_closed=is_closed)["latency_p99_ns"] == (FAR_NS if is_closed else 0)
