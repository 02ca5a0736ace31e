"""The search for the knee as rounds of a group: what a window tells it, and what one in which nothing was asked."""

from collections.abc import Iterator

from harness.config import read
from harness.plan import plan, selection
from harness.plan.plan import Overrides
from harness.run.rounds import Rounds, Turn, rounds_for
from tests.support.project import ROOT

CONFIG = read(ROOT / "bench.toml")
PLAN = plan.make(CONFIG, selection.select(CONFIG, "epoll"), "quick", Overrides({"clients": [10], "load": ["knee"]}))
START_RPS = CONFIG.knee.start_rps
KNEE_RPS = 3 * START_RPS
SHORT_NS, LONG_NS = 1000, int(CONFIG.knee.p99_limit_ms * 1e6) + 1


class Searching:
    """A server's search, a window after the other; rates up to its knee hold."""

    def __init__(self) -> None:
        (group,) = [group for group in PLAN.groups if group.load == "knee"]
        self._kind: Rounds = rounds_for(PLAN, group, {})
        self._rounds: Iterator[list[Turn]] = self._kind.rounds(lambda: ["epoll"], 0)
        self.seeds: list[str] = []

    def sees(self, is_asked: bool = True) -> tuple[float, str]:
        """The rate of its next window, and the window's phase; of one in which no request was due it is told nothing.

        Raises StopIteration when it is over.
        """
        (((visit,),),) = [next(self._rounds)]
        self.seeds.append(str(visit.load["seed"]))
        rate_rps = float(visit.load["rate_rps"])
        observed = {"offered": 100, "latency_p99_ns": SHORT_NS if rate_rps <= KNEE_RPS else LONG_NS}
        told = self._kind.saw(visit, observed if is_asked else {"offered": 0, "latency_p99_ns": 0})
        return rate_rps, told["phase"]

    def found(self, every: int) -> list[float]:
        """The rates that are found where nothing is asked in all windows but one in so many."""
        found = []
        try:
            for window in range(1, 1000):
                rate_rps, phase = self.sees(window % every == 0)
                found += [rate_rps] if phase == "found" else []
        except StopIteration:
            return found
        raise AssertionError("it has no end")


def test_a_window_in_which_nothing_was_asked_tells_nothing_and_is_tried_again() -> None:
    search = Searching()
    assert [search.sees(is_asked)[0] for is_asked in (False, False, True, True)] == [
        START_RPS, START_RPS, START_RPS, 2 * START_RPS
    ]  # fmt: skip


def test_its_requests_are_drawn_anew() -> None:
    search = Searching()
    assert [search.sees(is_asked=False)[1] for _ in range(3)] == ["search"] * 3
    assert len(set(search.seeds)) == 3


def test_such_windows_lead_to_no_other_knee_and_confirm_none() -> None:
    (usual,) = Searching().found(every=1)
    assert START_RPS < usual <= KNEE_RPS
    assert Searching().found(every=3) == [usual]
