"""One tidy row per cell: cells.csv. Its columns are those of schema.toml, in that order.

Figures are empty where the data do not give them.
"""

from collections.abc import Iterable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.alike import Alike
from analysis.doubts import Doubt
from analysis.judging import attached, company, failures, handlers, route
from analysis.judging.costs import cpu_by_block, footprint, is_accounted, server_cpu, slowed_cpu
from analysis.judging.evidence import Evidence, evidence
from analysis.judging.latencies import block_histograms, columns, latencies, open_loop
from analysis.judging.served import unserved
from analysis.judging.standing import Key, compare, rank_costs, rank_rates, tell_trends
from analysis.judging.unasked import charged, restless
from analysis.judging.verdict import doubts_about, limited_by, served_by_others
from analysis.records import schema, writing
from analysis.records.columns import Columns, column, first, length, parts
from analysis.records.points import CELL_KEYS, Group, as_file, group_of, is_attached, label
from analysis.records.reading import Results
from analysis.statistics import UNKNOWN, ByRound, Estimate, block_means, geometric, ratio
from analysis.uncollected import uncollected
from axes import ALONG, AXES

COUNTS, FIGURES = schema.columns("count"), schema.columns("figure")
TEXTS = schema.columns("text", "counts")  # counts: with blanks between
NO_KNEE = "no rate kept its p99 under the limit"
TOO_SHORT = "no request fits into its first windows, which were too short"


def write(results: Results, table: pd.DataFrame) -> Path:
    """Write the table as cells.csv into the results folder, whole or not at all. OSError."""
    coded = as_file(table).assign(doubts=[" ".join(doubt.kind.code for doubt in doubts) for doubts in table["doubts"]])
    return writing.write_table(results.folder / "cells.csv", coded)


@uncollected()
def tabulate(results: Results) -> pd.DataFrame:
    """The cells in order: groups as they were measured, families and the strategies in each as in bench.toml.

    It takes seconds: whoever needs them twice keeps them.
    """
    results = charged(results)
    windows, failed_in = results.by_cell, parts(results.failures, CELL_KEYS)
    perturbed, footprints = parts(results.perturbed, CELL_KEYS), parts(results.footprints, CELL_KEYS)
    searches = parts(results.searches, CELL_KEYS)
    rates = {key: by_round(part, rates_of(part)) for key, part in windows.items()}
    prices = {key: by_round(part, prices_of(part)) for key, part in windows.items() if is_accounted(part)}
    rows: dict[Key, dict[str, Any]] = {}
    evident: dict[Key, Evidence] = {}
    compared: dict[str, dict[Key, dict[int, float]]] = {}  # figures that have bars, of each cell in each block
    for key in {**windows, **searches, **failed_in}:  # in the order of their appearance, each once
        cell = dict(zip(CELL_KEYS, key, strict=True))
        measured = windows.get(key)
        widened = results.widened(cell["variant"])
        cell |= attached.told(cell, measured, results.run) | route.told(cell, measured, results.run)
        if measured is not None:
            cell |= _figures(measured, widened)
            waited = latencies(measured, results.p99_multiple(cell["load"]), widened)
            cell |= waited.figures | open_loop(measured) | _knee(measured, widened)
            if key in prices:
                cell |= server_cpu(measured, widened) | handlers.cpu(measured, results.run, widened)
            cell |= footprint(footprints.get(key))
            restlessness = restless(footprints.get(key), results.thresholds)
            shown, evident[key] = evidence(
                measured, perturbed.get(key), results, cell["starved"], waited.withheld_p99, restlessness
            )
            cell["server_cpu_us_per_request_slowed"] = slowed_cpu(perturbed.get(key)) if key in prices else None
            cell |= shown | company.figures(measured)
            cell["limited_by"] = _limit(cell, evident[key], results)
            of_blocks = block_means(column(measured, "block"), rates_of(measured))
            blocks = {"throughput_rps": of_blocks}
            if key in prices:
                blocks["server_cpu_us_per_request"] = cpu_by_block(measured)
            if cell["load"] == "knee":
                blocks["knee_rps"] = block_means(column(measured, "block"), column(measured, "rate_rps"))
            for figure, values in (blocks | waited.by_block).items():
                compared.setdefault(figure, {})[key] = values
        rows[key] = cell
    for figure, known in compared.items():
        compare(rows, figure, known)
    tails = {key: {(block, 0): p99 for block, p99 in of.items()} for key, of in compared.get("p99_us", {}).items()}
    _take_ratios(rows, {"ratio": rates, "server_cpu_ratio": prices, "p99_ratio": tails}, results)
    tell_trends(rows, rates)
    for key, cell in rows.items():
        measured, failed = windows.get(key), failed_in.get(key)
        in_vain = _searches_in_vain(searches.get(key), measured, failed, results)
        _judge(cell, evident.get(key, Evidence()), measured, failed, in_vain, results)
    rank_rates(rows, rates)
    # the least CPU first: as rates these are the replies of a second of CPU
    rank_costs(rows, {key: {place: 1 / cpu for place, cpu in of.items() if cpu} for key, of in prices.items()})
    kinds = (windows, failed_in, searches)
    begun = {key: min(column(kind[key], "group").min() for kind in kinds if key in kind) for key in rows}
    strategies = _in_order(results.run)
    place = {key: (begun[key], strategies.get(key[0], len(strategies)), _place_along(rows[key])) for key in rows}
    in_order = sorted(rows, key=lambda key: place[key])
    return _tidy([rows[key] for key in in_order])


def _in_order(run: Mapping[str, Any]) -> dict[str, int]:
    """The place of each strategy: by family, then as run.json has them."""
    families = {name: place for place, name in enumerate(run.get("families") or {})}
    strategies = run.get("strategies") or {}
    by_family = sorted(strategies, key=lambda name: families.get(strategies[name].get("family"), len(families)))
    return {name: place for place, name in enumerate(by_family)}


def _tidy(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(schema.COLUMNS))
    table[COUNTS] = table[COUNTS].astype("Float64").astype("Int64")
    table[TEXTS] = table[TEXTS].astype(object).fillna("")
    table[FIGURES] = table[FIGURES].astype(float)
    return table.copy()  # in one piece: in as many as there are columns it is slow to be added to


def _place_along(cell: Mapping[str, Any]) -> Any:
    """The place of a cell among others of its strategy in a group; 0 where a group compares along no axis."""
    return AXES[cell[ALONG]].place(cell[cell[ALONG]]) if cell[ALONG] else 0


def _take_ratios(
    rows: dict[Key, dict[str, Any]], figures: Mapping[str, Mapping[Key, ByRound]], results: Results
) -> None:
    """Give each cell that was measured its ratios: of each of these columns by its figures."""
    references = _first_values(rows, results.usual)
    elsewhere = attached.first((rows[key] for key in figures["ratio"]), results.run)
    for name, known in figures.items():
        for key in known:
            rows[key] |= columns(name, _by(known, key, _reference_of(rows[key], key, references, elsewhere, results)))


def _reference_of(
    cell: dict[str, Any], key: Key, references: dict[Group, Any], elsewhere: dict[Group, str], results: Results
) -> Key:
    """The reference strategy's; where the same strategy is there in several forms, the first of those.

    The first variant; along an axis, the group's first value. Of servers that are attached, the first of those.
    """
    if is_attached(cell):
        return (elsewhere[group_of(cell)], *key[1:])
    variants = list(results.run.get("variants") or {})
    if cell[ALONG]:
        place = CELL_KEYS.index(cell[ALONG])
        return (*key[:place], references[group_of(cell)], *key[place + 1 :])
    if variants:
        return (key[0], variants[0], *key[2:])
    return (results.run.get("reference"), "", *key[2:])


def _by(figures: Mapping[Key, ByRound], key: Key, other: Key) -> Estimate:
    """One cell's figure by another's; unknown where that wasn't measured."""
    return ratio(figures[key], figures[other]) if other in figures else UNKNOWN


def _first_values(keys: Iterable[Key], usual: Mapping[str, Any]) -> dict[Group, Any]:
    """Of each group that compares along an axis, the value that its others are held against."""
    values: dict[Group, tuple[str, set[Any]]] = {}
    for key in keys:
        cell = dict(zip(CELL_KEYS, key, strict=True))
        if cell[ALONG]:
            values.setdefault(group_of(cell), (cell[ALONG], set()))[1].add(cell[cell[ALONG]])
    return {group: AXES[along].first(found, usual[along]) for group, (along, found) in values.items()}


def rates_of(windows: Columns) -> NDArray[np.float64]:
    """The correct replies per second of each window."""
    return column(windows, "requests", float) / column(windows, "counted_s", float)


def prices_of(windows: Columns) -> NDArray[np.float64]:
    """The CPU time of the server per correct reply, of each window in s; infinite or NaN where there was none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return column(windows, "server_cpu_s", float) / column(windows, "replies", float)


def by_round(windows: Columns, values: NDArray[np.float64]) -> ByRound:
    """A figure of a cell's windows by their block and round: the mean where the first try had no answer.

    A try without that figure is in no mean. A search takes as many rounds as it must, and one window of a block found
    the knee: it is the block's only round.
    """
    rounds = np.where(column(windows, "load") == "knee", 0, column(windows, "round"))
    tries: dict[tuple[int, int], list[float]] = {}
    for block, round_, value in zip(column(windows, "block").tolist(), rounds.tolist(), values.tolist(), strict=True):
        tries.setdefault((block, round_), []).append(value)
    return {place: values[0] if len(values) == 1 else _mean(values) for place, values in tries.items()}


def _mean(values: list[float]) -> float:
    known = [value for value in values if isfinite(value)]
    return sum(known) / len(known) if known else values[0]


def _figures(windows: Columns, widened: float) -> dict[str, Any]:
    rates = block_means(column(windows, "block"), rates_of(windows))
    throughput = geometric(list(rates.values()), widened)
    connects = Alike(block_histograms(windows, "connect_hdr", "connecting") if _connects(windows) else [])
    return {
        "blocks": len(rates),
        "windows": length(windows),
        "requests": column(windows, "requests").sum(),
        "errors": sum(sum(kinds.values()) for kinds in column(windows, "errors") if kinds),
        "starved": max(unserved(windows).values()),
        **columns("throughput_rps", throughput),
        "throughput_mib_s": throughput.value * first(windows, "message_size") / (1 << 20),
        "censored": column(windows, "censored").sum(),
        **{f"connect_p{percent}_us": connects.percentile(percent) / 1e3 for percent in (50, 99)},
        "connects": column(windows, "connects").sum(),
        "connecting": column(windows, "connecting").sum(),
    }


def _connects(windows: Columns) -> bool:
    """Whether anybody connected, or was about to, in these windows: in most of them all stay connected."""
    return any(column(windows, "connect_hdr", object)) or bool(column(windows, "connecting").any())


def _knee(windows: Columns, widened: float) -> dict[str, float]:
    if first(windows, "load") != "knee":
        return {}
    knees = block_means(column(windows, "block"), column(windows, "rate_rps"))
    return columns("knee_rps", geometric(list(knees.values()), widened))


def _searches_in_vain(
    searches: Columns | None, measured: Columns | None, failed: Columns | None, results: Results
) -> str:
    """Of a cell, why and in how many blocks no knee or no length was found; empty for none.

    An unfinished search is not in vain.
    """
    if searches is None or (measured is None and failed is not None):
        return ""
    why = NO_KNEE if first(searches, "load") == "knee" else TOO_SHORT
    if measured is None:
        return why
    searched, found, *lost = (
        {*column(table, "block").tolist()} for table in (searches, measured, failed) if table is not None
    )
    vain = searched.difference(found, *lost)
    if results.run.get("outcome") != "complete":
        vain.discard(max(results.windows["block"].max(), results.searches["block"].max()))
    return f"{why} in {len(vain)} of {len(searched | found)} blocks" if vain else ""


def _limit(cell: dict[str, Any], seen: Evidence, results: Results) -> str:
    strategy = (results.run.get("strategies") or {}).get(cell["strategy"]) or {}
    return limited_by(cell, seen, results.thresholds, strategy.get("handler")) if results.thresholds else ""


def _judge(
    cell: dict[str, Any],
    seen: Evidence,
    measured: Columns | None,
    failed: Columns | None,
    in_vain: str,
    results: Results,
) -> None:
    """Fill in status, verdict and the reasons of both; limited_by of what wasn't measured."""
    found: list[Doubt] = []
    reasons = [*([] if failed is None else failures.told(failed)), in_vain]
    if measured is None:
        cell["status"] = "failed" if failed is None else str(first(failed, "status"))
        is_skipped = cell["status"] == "skipped"
        # a server that answered nobody, or died
        cell["limited_by"] = "" if is_skipped or failed is None else "errors"
        cell["verdict"] = "" if is_skipped else "doubtful"
    else:
        cell["verdict"] = ""
        if results.thresholds:
            found = list(doubts_about(cell, seen, results.thresholds))
            found += [] if failed is None else served_by_others(failed)
            cell["verdict"] = "doubtful" if found else "ok"
        is_unchecked = not column(measured, "checked").all()
        if is_unchecked:
            unchecked = results.run.get("unchecked") or {}
            reasons.append(unchecked.get(label(cell)) or "failed the conformance check")
        is_incomplete = failed is not None or in_vain  # a block without a figure is in no interval
        cell["status"] = "unchecked" if is_unchecked else "incomplete" if is_incomplete else "ok"
    reasons = [reason for reason in reasons if reason]
    cell["status_reason"] = "; ".join(reasons)
    cell["doubts"] = tuple(found)
    cell["reason"] = "; ".join([*reasons, *map(str, found)])
