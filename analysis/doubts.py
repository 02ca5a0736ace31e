"""Every kind of doubt that a cell's throughput and latency can meet: how it is said, and which figures it touches.

A doubt is a kind and a number. Sentences are made of it last, and nothing reads sentences back: a server may
print whatever it likes before it dies.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from analysis import units

RATE, COMPARISON = "throughput", "ratio and rank"
LATENCY, P99 = "latencies below the p99", "the p99 and beyond"
CPU = "server CPU"
PLACES = re.compile(r"\{(\w+)\}")  # of settings, in what is said of when there is a doubt


@dataclass(frozen=True)
class Kind:
    """What is doubtful, and about which figures."""

    code: str  # in cells.csv
    phrase: str  # for people
    when: str  # what makes it, with the keys of its settings in braces
    touches: tuple[str, ...] = (RATE, COMPARISON, LATENCY, P99)
    threshold: str = ""  # the key of [verdict] in bench.toml that decides; empty where none does
    remedy: str = ""

    def says(self, settings: Mapping[str, float]) -> str:
        """When there is such a doubt, by the settings of a run; of one that is older than a setting, by its name."""
        return PLACES.sub(lambda place: written(settings, place[1]), self.when)


LOADER_LIMITED = Kind(
    "loader-limited",
    "loader-limited",
    "a loader that is busy for {perturb_from_share} of its time is slowed down, and the rate fell by more"
    " than half of what it would if the loader set the pace; or the loader took more than {taken_share} "
    "of the servers' CPUs",
    threshold="perturb_from_share",
    remedy="compile the hot loop, give the loader CPUs of its own, or take --workers",
)
MAYBE_LOADER_LIMITED = Kind(
    "maybe-loader-limited",
    "may be loader-limited",
    "slowing the loader down couldn't tell, and the loader is busy for {perturb_from_share} of its time or more, or "
    "that is shown to cost more than {pace_share} of the rate",
    threshold="perturb_from_share",
    remedy="more blocks, so that slowing the loader down can tell",
)
FAILING = Kind(
    "failing",
    "requests failed",
    "{errors_share} of the requests or more failed, or none succeeded",
    threshold="errors_share",
    remedy="see the server's log in `logs/`; fewer clients",
)
WRONG = Kind(
    "wrong-replies",
    "wrong replies",
    "a single reply was wrong",
    (RATE, COMPARISON, LATENCY, P99, CPU),
    remedy="mend the server: no noise makes a reply wrong",
)
STARVED = Kind(
    "starved",
    "clients starved",
    "a single client had no correct reply in a whole block",
    remedy="nothing, where it serves one at a time by design; else fewer clients",
)
TIMED_OUT = Kind(
    "timed-out",
    "requests timed out",
    "a single request timed out",
    remedy="fewer clients, or a longer `request_timeout_s` in `[window]`",
)
UNSTABLE = Kind(
    "unstable",
    "unstable between blocks",
    "the blocks' rates spread by more than {block_spread}, without what moved all of the group",
    threshold="block_spread",
    remedy="more blocks, or a quieter hour",
)
# its figures depend on how many rounds there are
TREND = Kind(
    "trend",
    "changes from round to round",
    "the rate is shown to change from a block's first round to its last, by more than {trend_share}",
    (RATE, COMPARISON, LATENCY, P99, CPU),
    threshold="trend_share",
    remedy="look for what leaks or warms up; more rounds show whether it ends",
)
PACED = Kind(
    "paced",
    "moves with the loader's pace",
    "slowing the loader down is shown to move the rate by more than {pace_share}, though the loader doesn't limit it",
    (RATE, LATENCY, P99),
    threshold="pace_share",
    remedy="compare it at the same load alone, or with `--load open`",
)
# all of a group are counted over the same part of a window
DRIFTING = Kind(
    "drifting",
    "drifting within windows",
    "the rate in the second halves of windows is shown to differ from that in the first, by more than {drift_share}",
    (RATE, LATENCY, P99),
    threshold="drift_share",
    remedy="a longer head (`[window] lengths`)",
)
SHORT_WINDOWS = Kind(
    "short-windows",
    "p99 not given",
    "the counted part of a window is shorter than {p99_multiple} times the p99",
    (P99,),
    remedy="longer windows (`[window] lengths`)",
)
UNANSWERED_TAIL = Kind(
    "unanswered-tail",
    "p99 among requests without an answer",
    "so many requests have no answer that the p99 is one of them",
    (P99,),
    remedy="longer windows, or fewer clients",
)
FEW_SAMPLES = Kind(
    "few-samples",
    "too few samples for a p99",
    "fewer than 1,000 latencies were looked at",
    (P99,),
    remedy="more blocks or rounds, or longer windows",
)
UNRECONCILED = Kind(
    "unreconciled",
    "counts don't reconcile",
    "in a single window, what was begun isn't what ended or is open",
    remedy="measure again; if it stays, it is a fault of ours",
)
OFF_LITTLES_LAW = Kind(
    "off-littles-law",
    "rate and latency contradict each other",
    "rate times mean time is more than {littles_law_share} off the number of clients",
    threshold="littles_law_share",
    remedy="longer windows; if it stays, it is a fault of ours",
)
CLOCK_SET = Kind(
    "clock-set",
    "the clock was set within a window",
    "the clock moved by more than 1 ms against one that nobody sets",
    (LATENCY, P99),
    remedy="measure again, with nothing that sets the clock",
)
LATE_CLOCK = Kind(
    "late-clock",
    "the loader's own delay shows",
    "the loader's own delay, of nine in ten replies, is more than {arrival_share} of the p99 that it is "
    "part of; or replies lack the kernel's stamp",
    (LATENCY, P99),
    threshold="arrival_share",
    remedy="give the loader CPUs of its own; latencies are the server's and ours",
)
NEIGHBOURS = Kind(
    "neighbours",
    "other servers worked in its windows",
    "other servers used CPU time for more than {neighbours_share} of its windows",
    threshold="neighbours_share",
    remedy="measure it without those servers; they don't rest",
)
COMPANY_LEFT = Kind(
    "company-left",
    "part of its company left",
    "at a window's end, {errors_share} or more of the company that came to stay was gone",
    threshold="errors_share",
    remedy="a smaller company; see the server's log in `logs/`",
)
COMPANY_TOOK = Kind(
    "company-took",
    "its company slowed the loader down",
    "the company used more than {taken_share} of the load generator's CPUs",
    threshold="taken_share",
    remedy="more CPUs, so that the company has some of its own",
)
# Such a rate can't be kept up. The work is in its CPU time, unless there was no end to it.
PUT_OFF = Kind(
    "put-off",
    "works on when nobody asks",
    "more than {put_off_share} of its CPU time was used while nobody asked",
    threshold="put_off_share",
    remedy="longer windows, so that what is put off falls into them",
)
RESTLESS = Kind(
    "restless",
    "works without end when nobody asks",
    "left alone, it used {restless_share} of a CPU or more",
    (RATE, COMPARISON, LATENCY, P99, CPU),
    threshold="restless_share",
    remedy="measure it alone",
)
# in each of its blocks a group's servers were asked by the same workers: it bends all of them alike
MOVED = Kind(
    "load-moved",
    "load from fewer hosts in some blocks",
    "a worker of the load generator was lost, so that in a single block all clients were elsewhere than in others",
    (RATE, LATENCY, P99),
    remedy="measure again with all workers",
)
UNHANDLED = Kind(
    "unhandled",
    "answers before its handler is done",
    "replies came sooner, or for less CPU time, than its handler allows",
    (RATE, COMPARISON, LATENCY, P99, CPU),
    remedy="mend the server: it answers too early, or does less than it was told",
)
# the processes that were measured aren't those that answered
NOT_ITS_OWN = Kind(
    "not-its-own",
    "other processes may have served",
    "in a single block, others were found at its port",
    (RATE, COMPARISON, LATENCY, P99, CPU),
    remedy="let nothing else listen on its port; start it anew in each block",
)
KINDS = (
    LOADER_LIMITED, MAYBE_LOADER_LIMITED, FAILING, WRONG, STARVED, TIMED_OUT, UNSTABLE, TREND, PACED, DRIFTING,
    SHORT_WINDOWS, UNANSWERED_TAIL, FEW_SAMPLES, UNRECONCILED, OFF_LITTLES_LAW, CLOCK_SET, LATE_CLOCK, NEIGHBOURS,
    COMPANY_LEFT, COMPANY_TOOK, PUT_OFF, RESTLESS, MOVED, UNHANDLED, NOT_ITS_OWN,
)  # fmt: skip


@dataclass(frozen=True)
class Doubt:
    """One doubt of one cell."""

    kind: Kind
    number: str  # the evidence, as it is written in brackets
    limit: str = ""  # what it is beyond; empty where one is enough

    def __str__(self) -> str:
        return f"{self.kind.phrase} ({self.number})"

    @property
    def in_full(self) -> str:
        """The same with the threshold."""
        threshold = f"; threshold {self.limit}" if self.limit else ""
        return f"{self.kind.phrase} ({self.number}{threshold})"


def in_full(doubts: Iterable[Doubt]) -> str:
    """Several, each with its number and its threshold."""
    return "; ".join(doubt.in_full for doubt in doubts)


def reasons(cell: Mapping[str, Any] | pd.Series) -> str:
    """Why a cell is not ok, and what of it is doubtful: its `reason` with the thresholds."""
    return "; ".join(filter(None, [cell["status_reason"], in_full(cell["doubts"])]))


def touching(cell: Mapping[str, Any] | pd.Series, figure: str) -> list[Doubt]:
    """The doubts of a cell that touch this column: a throughput, ratio or rank, a latency, server CPU."""
    part = _part(figure)
    return [doubt for doubt in cell["doubts"] if part in doubt.kind.touches]


def is_of_server(figure: str) -> bool:
    """Whether a column is what its server uses, CPU time and memory."""
    return _part(figure) == CPU


def written(settings: Mapping[str, float], key: str) -> str:
    """A setting as a share, or as how many times; its name where a run has none."""
    if key not in settings:
        return key
    return units.share(settings[key]) if settings[key] < 1 else f"{settings[key]:g}"


@cache
def _part(figure: str) -> str:
    """Which of the five a column belongs to. What a server uses, CPU time and memory, is one: few doubts touch it."""
    if figure.startswith(("server_cpu", "cpu_rank", "capacity", "memory")):
        return CPU
    if figure in ("ratio", "rank"):
        return COMPARISON
    if figure.startswith(("p99", "max_us")):
        return P99
    return LATENCY if re.match(r"p\d|mean_us", figure) else RATE
