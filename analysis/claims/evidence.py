"""What a rule of a claim asks, from the results folder: a value a block, or a count, and what is doubtful in it.

Values of one group are taken round by round, between neighbours in time; of others block by block. A doubtful figure
decides nothing, with two exceptions, as in ranks and gates. A rate that is unstable between blocks carries that in its
interval. A rate that the loader may limit is known from below: its strategy can be shown to be ahead, not behind.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import exp, isfinite, log
from typing import Any

import numpy as np
import pandas as pd

from analysis import doubts
from analysis.claims.decision import Tried
from analysis.crossover import NONE, Crossover, crossing
from analysis.doubts import COMPARISON, RATE, Doubt, touching
from analysis.judging.cells import by_round, prices_of, rates_of, tabulate
from analysis.judging.costs import footprint
from analysis.judging.latencies import latencies
from analysis.records.columns import parts
from analysis.records.points import CELL_KEYS, POINT, as_rows, key_of
from analysis.records.reading import Results
from analysis.statistics import NAN, UNKNOWN, ByRound, Estimate, geometric, paired
from axes import ALONG, AXES

Key = tuple[Any, ...]  # the values of CELL_KEYS
Rule = Mapping[str, Any]

MICRO = 1e6
FROM_BELOW = (doubts.LOADER_LIMITED, doubts.MAYBE_LOADER_LIMITED)  # a faster loader would only raise such a rate
IN_THE_INTERVAL = (doubts.UNSTABLE,)
IN_SOME_BLOCKS = ("memory_", "voluntary_", "involuntary_", "server_user_", "server_system_")  # are looked at
TIMES = ("s",)  # units of probes
LEAST_S = 1e-6  # what a clock tells from nothing
RATES = ("throughput_", "ratio", "knee_", "capacity_")


UNTRIED = Tried()


@dataclass(frozen=True)
class Evidence:
    """What is known of a rule."""

    rule: Rule
    tried: Tried = UNTRIED
    found: Estimate = UNKNOWN  # the figure, or by how much it is the other's; a count with no interval
    missing: str = ""  # why there is nothing to decide on
    is_lacking: bool = False  # because this machine, or this installation, doesn't have it
    doubts: tuple[str, ...] = ()  # that keep it from being decided, in words
    curve: tuple[tuple[float, Estimate], ...] = ()  # of a rule along an axis, at each value
    crossover: Crossover = NONE
    searched: tuple[tuple[float, Estimate], ...] = ()  # the curve at the values of a search
    cells: tuple[Mapping[str, Any], ...] = ()  # the rows of cells.csv that it asked, those of `who` first

    @property
    def threshold(self) -> float:
        return float(self.rule["at_most"] if self.rule["at_least"] is None else self.rule["at_least"])

    @property
    def sign(self) -> int:
        """1 where more is the claim's side."""
        return 1 if self.rule["at_least"] is not None else -1


class Missing(Exception):
    """A cell that isn't there; why, and whether the machine is to blame."""

    def __init__(self, why: str, is_lacking: bool) -> None:
        super().__init__(why)
        self.is_lacking = is_lacking


@dataclass(frozen=True)
class Asked:
    """A run, asked for figures of its cells block by block."""

    results: Results
    table: pd.DataFrame  # of its cells
    _by_block: dict[Key, dict[int, dict[str, Any]]] = field(default_factory=dict)

    @cached_property
    def rows(self) -> dict[Key, dict[str, Any]]:
        return {key_of(row): row for row in as_rows(self.table)}

    @cached_property
    def footprints(self) -> dict[Key, Any]:
        return parts(self.results.footprints, CELL_KEYS)

    def cell(self, strategy: str, point: Mapping[str, Any]) -> tuple[Key, dict[str, Any]]:
        """The row of a cell. Raises Missing."""
        key = (strategy, "", *(_as_in_tables(name, point.get(name)) for name in POINT))
        row = self.rows.get(key)
        if row is None:
            raise Missing(f"{strategy} wasn't measured there", is_lacking=False)
        if key not in self.results.by_cell:
            why = row["status_reason"] or row["status"]
            raise Missing(f"{strategy}: {why}", is_lacking=row["status"] == "skipped")
        return key, row

    def rounds(self, key: Key, figure: str) -> ByRound:
        """A figure by block and round; by block alone where windows don't have it."""
        if figure == "throughput_rps":
            return by_round(self.results.by_cell[key], rates_of(self.results.by_cell[key]))
        if figure == "server_cpu_us_per_request":
            return by_round(self.results.by_cell[key], prices_of(self.results.by_cell[key]) * MICRO)
        if figure in ("p50_us", "p99_us"):
            waited = latencies(self.results.by_cell[key], self.results.p99_multiple(self.rows[key]["load"]), 1.0)
            return {(block, 0): value for block, value in waited.by_block.get(figure, {}).items()}
        if figure.startswith(IN_SOME_BLOCKS):
            return {(block, 0): value for block, value in self._held(key, figure).items() if value == value}
        return {(block, 0): float(row[figure]) for block, row in self._blocks(key).items()}

    def _held(self, key: Key, figure: str) -> dict[int, float]:
        """What is known of a server's process tree, in the blocks that looked at it."""
        told = self.footprints.get(key, {"block": np.array([])})
        blocks = sorted(set(told["block"].tolist()))
        return {
            block: float(footprint({name: of[told["block"] == block] for name, of in told.items()})[figure])
            for block in blocks
        }

    def _blocks(self, key: Key) -> dict[int, dict[str, Any]]:
        """The rows of a cell, of each block as if it were a run of its own."""
        if key not in self._by_block:
            blocks = sorted(set(self.results.by_cell[key]["block"].tolist()))
            tables = {block: as_rows(tabulate(_only(self.results, key, block))) for block in blocks}
            self._by_block[key] = {block: rows[0] for block, rows in tables.items() if rows}
        return self._by_block[key]


def evidence(rule: Rule, asked: Asked) -> Evidence:
    """What the windows of a run say of a rule."""
    try:
        match rule["kind"]:
            case "probe":
                return _probed(rule, asked.results.probes)
            case "count":
                return _counted(rule, asked)
            case "along":
                return _along(rule, asked)
            case _:
                return _compared(rule, asked)
    except Missing as missing:
        return Evidence(rule, missing=str(missing), is_lacking=missing.is_lacking)


def _counted(rule: Rule, asked: Asked) -> Evidence:
    _, row = asked.cell(rule["who"], rule["points"][0])
    value = row[rule["figure"]]
    if value is None or value is pd.NA:
        return Evidence(rule, missing=f"{rule['who']} has no {rule['figure']} there")
    return replace(count(rule, float(value)), cells=(row,))


def count(rule: Rule, *values: float) -> Evidence:
    """A rule that numbers without noise decide, if all lie on one side."""
    told = Evidence(rule, found=Estimate(sum(values) / len(values), min(values), max(values)))
    sides = {told.sign * value >= told.sign * told.threshold for value in values}
    if len(sides) > 1:
        return replace(told, missing="it is so in some blocks and not in others")
    return replace(told, tried=Tried(counted=sides.pop()))


def _probed(rule: Rule, probes: pd.DataFrame) -> Evidence:
    """What a probe found, by block. Times have noise, all else is counted."""
    own, unit = _probe_values(rule, rule["who"], probes)
    if rule["by"]:
        by, _ = _probe_values(rule, rule["by"], probes)
        own = {block: value / by[block] if by.get(block) else NAN for block, value in own.items()}
    rule = {**rule, "unit": unit}
    if unit not in TIMES:
        return count(rule, *own.values())
    return _tested(rule, {block: _log(max(value, LEAST_S)) for block, value in own.items()}, (), ())


def _probe_values(rule: Rule, who: str, probes: pd.DataFrame) -> tuple[dict[int, float], str]:
    """A strategy's values by block, and their unit. Raises Missing."""
    probe, _, figure = rule["figure"].partition(".")
    asked = probes[(probes["probe"] == probe) & (probes["case"] == rule["case"]) & (probes["strategy"] == who)]
    found = asked[asked["figure"] == figure]
    if found.empty or found["value"].isna().any():
        broken = probes[(probes["probe"] == probe) & (probes["case"] == "")]
        failed = pd.concat([asked, broken])["failure"].loc[lambda told: told.astype(bool)].tolist()
        raise Missing(str(failed[0]) if failed else f"{probe} told no {figure}", is_lacking=bool(failed))
    values = dict(zip(found["block"].tolist(), found["value"].astype(float).tolist(), strict=True))
    return values, str(found["unit"].iloc[0])


def _compared(rule: Rule, asked: Asked) -> Evidence:
    """One strategy by another, at one value of an axis by at another, both, or none of them."""
    figure, points = rule["figure"], rule["points"]
    upper = [(rule["who"], points[-1]), *([(rule["by"], points[0])] if rule["by"] and len(points) > 1 else [])]
    lower = [(rule["by"], points[-1])] if rule["by"] else []
    lower += [(rule["who"], points[0])] if len(points) > 1 else []
    above, below = ([asked.cell(*one) for one in side] for side in (upper, lower))
    logs = _logs([asked.rounds(key, figure) for key, _ in above], [asked.rounds(key, figure) for key, _ in below])
    return _tested(rule, logs, [row for _, row in above], [row for _, row in below])


def _along(rule: Rule, asked: Asked) -> Evidence:
    """Two strategies at each value of an axis: decided at the last, with the place from which on it is so."""
    figure, axis, points = rule["figure"], AXES[rule["axis"]], rule["points"]
    values = [axis.number(point[axis.name] or 0) for point in points]
    cells = [(asked.cell(rule["who"], point), asked.cell(rule["by"], point)) for point in points]
    by_value = [_logs([asked.rounds(who, figure)], [asked.rounds(by, figure)]) for (who, _), (by, _) in cells]
    (_, who), (_, by) = cells[-1]
    told = _tested(rule, by_value[-1], [who], [by])
    curve = tuple((value, geometric([exp(log) for log in logs.values() if isfinite(log)]))
                  for value, logs in zip(values, by_value, strict=True))  # fmt: skip
    blocks = sorted(set.intersection(*(set(logs) for logs in by_value)))
    told = replace(told, curve=curve, cells=tuple(row for pair in cells for _, row in pair))
    logs = np.array([[told.sign * (logs[block] - log(told.threshold)) for logs in by_value] for block in blocks])
    sound = len(blocks) > 1 and np.isfinite(logs).all() and min(values) > 0
    spoilt = [row for pair in cells for _, row in pair if _spoiling(row, figure, True)]
    return told if not sound or spoilt else replace(told, crossover=crossing(values, logs))


def _logs(above: Sequence[ByRound], below: Sequence[ByRound]) -> dict[int, float]:
    """The logarithm of some figures by others in each block that all have, round by round where both have it."""
    ones: ByRound = dict.fromkeys(above[0], 1.0)
    sides = [*zip(above, [*below, *[ones] * (len(above) - len(below))], strict=False)]
    ratios = [paired(one, other) for one, other in sides]
    blocks = sorted(set.intersection(*map(set, ratios)))
    return {block: sum(_log(ratio[block]) for ratio in ratios) for block in blocks}


def _log(ratio: float) -> float:
    return log(ratio) if ratio > 0 else float("nan")


def _tested(rule: Rule, logs: Mapping[int, float], above: Sequence[Mapping[str, Any]],
            below: Sequence[Mapping[str, Any]]) -> Evidence:  # fmt: skip
    """A rule that a test decides: its logarithms, and what its cells' doubts leave to be shown."""
    told = Evidence(rule, cells=(*above, *below))
    values = list(logs.values())
    if not values or not all(map(isfinite, values)):
        return replace(told, missing=_without_figure(rule["figure"], told.cells, logs))
    told = replace(told, found=geometric([exp(value) for value in values]))
    if len(values) < 2:
        return replace(told, missing="there is one block, and blocks are what repeats")
    compares = bool(below)
    spoilt = {
        side: list(_doubts(rows, rule["figure"], compares)) for side, rows in (("above", above), ("below", below))
    }
    # what is known from below may be more: above the line it makes the ratio larger, below it smaller
    can_be_more = not _forbids(spoilt["above"], False) and not _forbids(spoilt["below"], True)
    can_be_less = not _forbids(spoilt["above"], True) and not _forbids(spoilt["below"], False)
    is_rate = rule["figure"].startswith(RATES)
    if not is_rate:
        can_be_more = can_be_less = not any(spoilt.values())
    can_hold, can_fail = (can_be_more, can_be_less) if told.sign > 0 else (can_be_less, can_be_more)
    beyond = [told.sign * (value - log(told.threshold)) for value in values]
    said = tuple(dict.fromkeys(f"{who}: {doubt}" for side in spoilt.values() for who, doubt in side))
    return replace(told, tried=Tried(beyond, float(rule["margin"]), can_hold, can_fail), doubts=said)


def _forbids(spoilt: Sequence[tuple[str, Doubt]], from_below_too: bool) -> bool:
    return any(from_below_too or doubt.kind not in FROM_BELOW for _, doubt in spoilt)


def _doubts(rows: Sequence[Mapping[str, Any]], figure: str, compares: bool) -> Iterator[tuple[str, Doubt]]:
    for row in rows:
        for doubt in _spoiling(row, figure, compares):
            yield row["strategy"], doubt


def _spoiling(row: Mapping[str, Any], figure: str, compares: bool) -> list[Doubt]:
    """The doubts of a cell that touch this figure; compared with others', those that touch a comparison."""
    if not compares:
        return touching(row, figure)
    if figure.startswith(RATES):
        found = touching(row, "ratio")
    else:  # what bends rates and latencies of a whole group alike touches no comparison
        found = [one for one in touching(row, figure) if COMPARISON in one.kind.touches or RATE not in one.kind.touches]
    return [doubt for doubt in found if doubt.kind not in IN_THE_INTERVAL]


def _without_figure(figure: str, cells: Sequence[Mapping[str, Any]], logs: Mapping[int, float]) -> str:
    """Why nothing can be decided."""
    for row in cells:
        if found := _spoiling(row, figure, True):
            return f"{row['strategy']} has no {figure} in some block: {found[0]}"
    without = [str(block) for block, value in logs.items() if not isfinite(value)]
    names = " or ".join(dict.fromkeys(str(row["strategy"]) for row in cells))
    where = f"in block{'s' * (len(without) > 1)} {', '.join(without)}" if without else "in any block that they share"
    return f"{names} has no {figure} {where}"


def _only(results: Results, key: Key, block: int) -> Results:
    """The records of one cell in one block."""

    def kept(table: pd.DataFrame) -> pd.DataFrame:
        mask = table["block"] == block
        for name, value in zip(CELL_KEYS, key, strict=True):
            mask &= table[name] == value
        return table[mask].reset_index(drop=True)

    return replace(
        results,
        windows=kept(results.windows),
        searches=kept(results.searches),
        perturbed=kept(results.perturbed),
        footprints=kept(results.footprints),
        failures=results.failures.iloc[:0],
    )


def _as_in_tables(name: str, value: Any) -> Any:
    """A value of a point as tables have it: what has no limit isn't null there."""
    if name == ALONG:
        return value or ""
    return AXES[name].unlimited if value is None else value
