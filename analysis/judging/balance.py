"""Who got the connections: how a server's workers share its clients and their requests.

Fresh processes are the unit. In each block workers are put in order, from the one that answered most; their numbers of
different blocks have nothing in common. All workers count, also those without a connection, and they are all that there
are: the coefficient of variation is the deviation of the whole (divided by its number) by the mean.

Whether connections came by lot is tested by Pearson's statistic, the sum over blocks of n clients times the square of
their coefficient of variation: is it one that fair draws give, in which each client goes to any worker alike?
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.alike import Alike, whole
from analysis.histograms import present
from analysis.judging.latencies import columns
from analysis.records import writing
from analysis.records.columns import Columns, column, parts
from analysis.records.points import CELL_KEYS, as_file, as_rows, key_of
from analysis.records.reading import Results
from analysis.statistics import NAN, Estimate, around, plain

ERROR = 0.01  # of calling a fair draw something else, for each cell
DRAWS, SEED = 999, 1  # to compare with
ROUNDING = 1e-9
Lot = Literal["even", "more even", "by lot", "less even"]
IN_WORDS: dict[Lot, str] = {
    "even": "each worker gets as many connections as the others, or one more",
    "more even": "connections are spread more evenly than by a fair draw",
    "by lot": "connections can't be told from a fair draw's",
    "less even": "connections are spread less evenly than by a fair draw",
}


@dataclass(frozen=True)
class Worker:
    """One place in the order: the worker that answered most in each block, or the next."""

    connections: float  # in the mean of the blocks
    share: Estimate  # of the requests
    p99_us: Estimate


@dataclass(frozen=True)
class Balance:
    """Of a cell."""

    blocks: int
    idle: float  # workers without a connection, in the mean of the blocks
    connections_cv: Estimate
    requests_cv: Estimate
    lot: Lot
    p_value: float  # of the connections, if they came by lot
    cv_by_lot: float  # what a fair draw of as many gives in the mean
    by_worker: Sequence[Worker]


Balances = dict[tuple[Any, ...], Balance]


def balances(results: Results) -> Balances:
    """By cell, as the columns that make one (`CELL_KEYS`) have it."""
    return {key: _balance(own) for key, own in parts(results.balances, CELL_KEYS).items()}


def shared(cells: pd.DataFrame, found: Balances) -> NDArray[np.bool_]:
    """Which cells are of servers whose workers share the connections."""
    return np.array([key_of(cell) in found for cell in as_rows(cells)], bool)


def _balance(rows: Columns) -> Balance:
    blocks = [_ordered(rows, block) for block in sorted(set(column(rows, "block").tolist()))]
    connections = [of["connections"] for of in blocks]
    lot, p_value, cv_by_lot = drawn_by_lot(connections)
    return Balance(
        len(blocks),
        float(np.mean([np.count_nonzero(counts == 0) for counts in connections])),
        mean([variation(of["connections"]) for of in blocks]),
        mean([variation(of["requests"]) for of in blocks]),
        lot,
        p_value,
        cv_by_lot,
        [_worker(blocks, place) for place in range(max(map(len, connections)))],
    )


def _ordered(rows: Columns, block: int) -> Mapping[str, NDArray[Any]]:
    """A block's workers, the one that answered most first."""
    own = column(rows, "block") == block
    of = {name: column(rows, name)[own] for name in ("connections", "requests", "latency_hdr")}
    order = np.lexsort((-of["connections"].astype(int), -of["requests"].astype(int)))
    return {name: values[order] for name, values in of.items()}


def _worker(blocks: Sequence[Mapping[str, NDArray[Any]]], place: int) -> Worker:
    there = [of for of in blocks if place < len(of["requests"])]
    latencies = [whole(present([of["latency_hdr"][place]])) for of in there]
    p99 = Alike(latencies).percentile(99) / 1e3
    each = [Alike([one]).percentile(99) / 1e3 for one in latencies if one.weight]
    shares = [float(of["requests"][place] / of["requests"].sum()) for of in there if of["requests"].sum()]
    return Worker(float(np.mean([of["connections"][place] for of in there])), mean(shares), around(p99, each))


def variation(counts: NDArray[Any]) -> float:
    """The coefficient of variation of all that there are; NaN of nothing."""
    values = counts.astype(float)
    return float(values.std() / values.mean()) if values.sum() else NAN


def mean(values: Sequence[float]) -> Estimate:
    """Over blocks; the interval of what can't be negative isn't there either."""
    found = plain(values)
    return found._replace(low=max(0.0, found.low) if found.low == found.low else NAN)


def drawn_by_lot(blocks: Sequence[NDArray[Any]]) -> tuple[Lot, float, float]:
    """What the connections of workers in some blocks look like; how likely a fair draw gives as odd ones, and its CV.

    A two-sided test by drawing (Phipson and Smyth 2010: a p value is never below one by the draws), as the usual
    approximation doesn't hold for few clients.
    """
    known = [counts.astype(int) for counts in blocks if counts.sum()]
    if not known or max(map(len, known)) < 2:
        return "by lot", 1.0, NAN
    random = np.random.default_rng(SEED)
    drawn = [random.multinomial(counts.sum(), np.full(len(counts), 1 / len(counts)), DRAWS) for counts in known]
    by_lot = np.array([of.std(axis=1) / of.mean(axis=1) for of in drawn])  # by block and draw
    weights = np.array([counts.sum() for counts in known])
    sums, seen = weights @ by_lot**2, float(weights @ np.array([variation(counts) ** 2 for counts in known]))
    below, above = (int(np.count_nonzero(odd)) for odd in (sums <= seen + ROUNDING, sums >= seen - ROUNDING))
    p_value = min(1.0, 2 * (1 + min(below, above)) / (DRAWS + 1))
    lot: Lot = "by lot" if p_value >= ERROR else "more even" if below < above else "less even"
    if lot == "more even" and all(counts.max() - counts.min() <= 1 for counts in known):
        lot = "even"
    return lot, p_value, float(by_lot.mean())


def table(found: Balances) -> pd.DataFrame:
    """A row for each worker of each cell, in the order of how much they answered."""
    rows = [
        dict(zip(CELL_KEYS, key, strict=True))
        | {"blocks": of.blocks, "workers": len(of.by_worker), "idle_workers": of.idle}
        | columns("connections_cv", of.connections_cv)
        | columns("requests_cv", of.requests_cv)
        | {
            "cv_by_lot": of.cv_by_lot,
            "lot": of.lot,
            "p_value": of.p_value,
            "place": place,
            "connections": worker.connections,
        }
        | columns("share", worker.share)
        | columns("p99_us", worker.p99_us)
        for key, of in found.items()
        for place, worker in enumerate(of.by_worker, 1)
    ]
    return pd.DataFrame(rows)


def write(results: Results, found: Balances) -> Path | None:
    """balance.csv in the results folder, whole or not at all; none where there is nothing to say. OSError."""
    return writing.write_or_remove(results.folder / "balance.csv", as_file(table(found)) if found else pd.DataFrame())
