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


LOADER_LIMITED = Kind("loader-limited", "loader-limited")
MAYBE_LOADER_LIMITED = Kind("maybe-loader-limited", "may be loader-limited")
FAILING = Kind("failing", "requests failed")
WRONG = Kind("wrong-replies", "wrong replies")
STARVED = Kind("starved", "clients starved")
TIMED_OUT = Kind("timed-out", "requests timed out")
UNSTABLE = Kind("unstable", "unstable between blocks")
# its figures depend on how many rounds there are
TREND = Kind("trend", "changes from round to round", (RATE, COMPARISON, LATENCY, P99, CPU))
PACED = Kind("paced", "moves with the loader's pace", (RATE, LATENCY, P99))
# all of a group are counted over the same part of a window
DRIFTING = Kind("drifting", "drifting within windows", (RATE, LATENCY, P99))
SHORT_WINDOWS = Kind("short-windows", "p99 not given", (P99,))
UNANSWERED_TAIL = Kind("unanswered-tail", "p99 among requests without an answer", (P99,))
FEW_SAMPLES = Kind("few-samples", "too few samples for a p99", (P99,))
UNRECONCILED = Kind("unreconciled", "counts don't reconcile")
OFF_LITTLES_LAW = Kind("off-littles-law", "rate and latency contradict each other")
CLOCK_SET = Kind("clock-set", "the clock was set within a window", (LATENCY, P99))
LATE_CLOCK = Kind("late-clock", "the loader's own delay shows", (LATENCY, P99))
COMPANY = Kind("company", "other servers worked in its windows")
# Such a rate can't be kept up. The work is in its CPU time, unless there was no end to it.
PUT_OFF = Kind("put-off", "works on when nobody asks")
RESTLESS = Kind("restless", "works without end when nobody asks", (RATE, COMPARISON, LATENCY, P99, CPU))
# the processes that were measured aren't those that answered
NOT_ITS_OWN = Kind("not-its-own", "other processes may have served", (RATE, COMPARISON, LATENCY, P99, CPU))
KINDS = (
    LOADER_LIMITED, MAYBE_LOADER_LIMITED, FAILING, WRONG, STARVED, TIMED_OUT, UNSTABLE, TREND, PACED, DRIFTING,
    SHORT_WINDOWS, UNANSWERED_TAIL, FEW_SAMPLES, UNRECONCILED, OFF_LITTLES_LAW, CLOCK_SET, LATE_CLOCK, COMPANY, PUT_OFF,
    RESTLESS, NOT_ITS_OWN,
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
