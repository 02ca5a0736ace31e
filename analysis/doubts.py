"""Every kind of doubt that a cell's throughput and latency can meet: how it is said, and which figures it touches.

A doubt is a kind and a number. Sentences are made of it last, and nothing reads sentences back: a server may
print whatever it likes before it dies.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

RATE, COMPARISON = "throughput", "ratio and rank"
LATENCY, P99 = "latencies below the p99", "the p99 and beyond"
CPU = "server CPU"


@dataclass(frozen=True)
class Kind:
    """What is doubtful, and about which figures."""

    code: str  # in cells.csv
    phrase: str  # for people
    touches: tuple[str, ...] = (RATE, COMPARISON, LATENCY, P99)
    threshold: str = ""  # the key of [verdict] in bench.toml that decides; empty where none does
    remedy: str = ""


LOADER_LIMITED = Kind(
    "loader-limited",
    "loader-limited",
    threshold="perturb_from_share",
    remedy="compile the hot loop, give the loader CPUs of its own, or take --workers",
)
MAYBE_LOADER_LIMITED = Kind(
    "maybe-loader-limited",
    "may be loader-limited",
    threshold="perturb_from_share",
    remedy="more blocks, so that slowing the loader down can tell",
)
FAILING = Kind(
    "failing", "requests failed", threshold="errors_share", remedy="see the server's log in `logs/`; fewer clients"
)
WRONG = Kind(
    "wrong-replies",
    "wrong replies",
    (RATE, COMPARISON, LATENCY, P99, CPU),
    remedy="mend the server: no noise makes a reply wrong",
)
STARVED = Kind(
    "starved", "clients starved", remedy="nothing, where it serves one at a time by design; else fewer clients"
)
TIMED_OUT = Kind(
    "timed-out", "requests timed out", remedy="fewer clients, or a longer `request_timeout_s` in `[window]`"
)
UNSTABLE = Kind(
    "unstable", "unstable between blocks", threshold="block_spread", remedy="more blocks, or a quieter hour"
)
# its figures depend on how many rounds there are
TREND = Kind(
    "trend",
    "changes from round to round",
    (RATE, COMPARISON, LATENCY, P99, CPU),
    threshold="trend_share",
    remedy="look for what leaks or warms up; more rounds show whether it ends",
)
PACED = Kind(
    "paced",
    "moves with the loader's pace",
    (RATE, LATENCY, P99),
    threshold="pace_share",
    remedy="compare it at the same load alone, or with `--load open`",
)
# all of a group are counted over the same part of a window
DRIFTING = Kind(
    "drifting",
    "drifting within windows",
    (RATE, LATENCY, P99),
    threshold="drift_share",
    remedy="a longer head (`[window] lengths`)",
)
SHORT_WINDOWS = Kind("short-windows", "p99 not given", (P99,), remedy="longer windows (`[window] lengths`)")
UNANSWERED_TAIL = Kind(
    "unanswered-tail", "p99 among requests without an answer", (P99,), remedy="longer windows, or fewer clients"
)
FEW_SAMPLES = Kind(
    "few-samples", "too few samples for a p99", (P99,), remedy="more blocks or rounds, or longer windows"
)
UNRECONCILED = Kind(
    "unreconciled", "counts don't reconcile", remedy="measure again; if it stays, it is a fault of ours"
)
OFF_LITTLES_LAW = Kind(
    "off-littles-law",
    "rate and latency contradict each other",
    threshold="littles_law_share",
    remedy="longer windows; if it stays, it is a fault of ours",
)
CLOCK_SET = Kind(
    "clock-set",
    "the clock was set within a window",
    (LATENCY, P99),
    remedy="measure again, with nothing that sets the clock",
)
LATE_CLOCK = Kind(
    "late-clock",
    "the loader's own delay shows",
    (LATENCY, P99),
    threshold="arrival_share",
    remedy="give the loader CPUs of its own; latencies are the server's and ours",
)
COMPANY = Kind(
    "company",
    "other servers worked in its windows",
    threshold="neighbours_share",
    remedy="measure it without those servers; they don't rest",
)
# Such a rate can't be kept up. The work is in its CPU time, unless there was no end to it.
PUT_OFF = Kind(
    "put-off",
    "works on when nobody asks",
    threshold="put_off_share",
    remedy="longer windows, so that what is put off falls into them",
)
RESTLESS = Kind(
    "restless",
    "works without end when nobody asks",
    (RATE, COMPARISON, LATENCY, P99, CPU),
    threshold="restless_share",
    remedy="measure it alone",
)
UNHANDLED = Kind(
    "unhandled",
    "answers before its handler is done",
    (RATE, COMPARISON, LATENCY, P99, CPU),
    remedy="mend the server: it answers too early, or does less than it was told",
)
# the processes that were measured aren't those that answered
NOT_ITS_OWN = Kind(
    "not-its-own",
    "other processes may have served",
    (RATE, COMPARISON, LATENCY, P99, CPU),
    remedy="let nothing else listen on its port; start it anew in each block",
)
KINDS = (
    LOADER_LIMITED, MAYBE_LOADER_LIMITED, FAILING, WRONG, STARVED, TIMED_OUT, UNSTABLE, TREND, PACED, DRIFTING,
    SHORT_WINDOWS, UNANSWERED_TAIL, FEW_SAMPLES, UNRECONCILED, OFF_LITTLES_LAW, CLOCK_SET, LATE_CLOCK, COMPANY, PUT_OFF,
    RESTLESS, UNHANDLED, NOT_ITS_OWN,
)  # fmt: skip


@dataclass(frozen=True)
class Doubt:
    """One doubt of one cell."""

    kind: Kind
    number: str  # the evidence, as it is written in brackets

    def __str__(self) -> str:
        return f"{self.kind.phrase} ({self.number})"


def touching(cell: Mapping[str, Any] | pd.Series, figure: str) -> list[Doubt]:
    """The doubts of a cell that touch this column: a throughput, ratio or rank, a latency, server CPU."""
    return [doubt for doubt in cell["doubts"] if _part(figure) in doubt.kind.touches]


def _part(figure: str) -> str:
    """Which of the five a column belongs to. What a server uses, CPU time and memory, is one: few doubts touch it."""
    if figure.startswith(("server_cpu", "cpu_rank", "capacity", "memory")):
        return CPU
    if figure in ("ratio", "rank"):
        return COMPARISON
    if figure.startswith(("p99", "max_us")):
        return P99
    return LATENCY if re.match(r"p\d", figure) else RATE
