"""What a run found, in sentences that are computed from its cells, each with the error rate that it is said at."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from analysis import hosts, units
from analysis.doubts import in_full, touching
from analysis.drawing.selection import Selection, selections
from analysis.judging import route
from analysis.judging.handlers import in_words, own_cpu
from analysis.judging.served import is_starved, served
from analysis.judging.standing import moved
from analysis.records.points import SWEPT, Row, as_rows, is_attached, label, nearly_all, title
from analysis.records.reading import Results
from analysis.report import memory, unranked
from analysis.report.apart import PAIRS, untold
from analysis.report.entries import Entry
from analysis.report.memory import MEMORY
from analysis.report.ratios import Ratios
from axes import ATTACHED

ORDERS = "any wrong order among those that have a rank, in 5 % of cases"
INTERVAL = "each interval misses the true figure in 5 % of cases"
COUNTED = "counted, not estimated"
MOVED = "an estimate: what all strategies of a group have in common in a block, without an interval"
MOST_LOADS, MOST_NAMES, FEW = 9, 8, 3  # that are told of, named in a sentence, told of one by one
LIMITS = {
    "server": "the server, whose CPU had no time left or which let requests wait",
    "server or network": "the server or the network, which can't be told apart, as the server's CPU time isn't known",
    "loader": "the load generator, so the server may do more than this",
    "both": "the server or the load generator, which can't be told apart here",
    "round-trip": "the way there and back: so few clients keep neither side busy",
    "handler": "the handler, which was told to wait or to compute",
    "starvation": "itself, as it leaves clients waiting",
    "errors": "errors",
    "offered rate": "the rate that was offered: it answered all of it",
}


class Finding(NamedTuple):
    """A sentence, and how often such a one is wrong."""

    text: str
    error: str


def findings(results: Results, cells: pd.DataFrame, entries: Sequence[Entry], ratios: Ratios) -> list[Finding]:
    """The findings in the order in which one asks: is it whole, who is fastest, what does it cost, who waits."""
    numbers = {entry.name: entry.number for entry in entries}
    found = list(_outcome(results))
    for part in (cells[cells["variant"] != ATTACHED], cells[cells["variant"] == ATTACHED]):  # each among its like
        found += _of(results, part, numbers, ratios)
    return [*found, *_doubtful(cells), *_machine(cells)]


def _of(results: Results, cells: pd.DataFrame, numbers: dict[str, int], ratios: Ratios) -> list[Finding]:
    found: list[Finding] = []
    for _, selection in list(selections(results, cells, "closed"))[:1]:
        typical = selection.typical()
        alike = _differing_in(selection, typical, "clients")
        crowd = alike[alike["clients"] == alike["clients"].max()]
        for place, group in enumerate(_loads(selection, typical)):
            found += _fastest(group, results, numbers, ratios, place == 0)
        found += [
            *_cpu(typical.measured, results),
            *_handlers(selection.measured),
            *_connections(crowd, results),
            *_waiting(crowd, results),
        ]
        found += _p99(crowd, results)
    for load in ("open", "knee"):
        for _, selection in list(selections(results, cells, load))[:1]:
            found += _at_rate(selection.typical().measured, results, load)
    return found


def of_change(results: Results, cells: pd.DataFrame) -> list[Finding]:
    """What is to be said beside the changes of head by base: of their own rates nothing."""
    return [*_outcome(results), *_doubtful(cells), *_machine(cells)]


def _loads(selection: Selection, typical: Selection) -> list[pd.DataFrame]:
    """The groups that are told of: the typical one, then those that differ from it in clients, then in size alone."""
    found = [typical.measured]
    for axis in SWEPT:
        alike = _differing_in(selection, typical, axis)
        found += [part for _, part in alike.groupby(axis) if part.index[0] not in typical.measured.index]
    return found[:MOST_LOADS]


def _differing_in(selection: Selection, typical: Selection, axis: str) -> pd.DataFrame:
    """The cells that differ from the typical ones on this axis alone, and these themselves."""
    return selection.at({other: typical.measured[other].iloc[0] for other in SWEPT if other != axis}).measured


def _outcome(results: Results) -> Iterator[Finding]:
    outcome = results.run.get("outcome")
    if outcome not in (None, "complete"):
        yield Finding(
            f"This run is not complete ({outcome}): its figures are of what was measured until then.", COUNTED
        )
    for told in hosts.moved(results):
        yield Finding(f"{told[0].upper()}{told[1:]}: cells that mix both are doubtful.", COUNTED)


def _fastest(
    group: pd.DataFrame, results: Results, numbers: dict[str, int], ratios: Ratios, is_first: bool
) -> Iterator[Finding]:
    where = f"With {title(group, results.usual)}"
    is_ranked = group["rank"].notna()
    ranked, not_ranked = (
        as_rows(some.sort_values("throughput_rps", ascending=False)) for some in (group[is_ranked], group[~is_ranked])
    )
    if not ranked or len(group) == 1:
        top = [*ranked, *not_ranked][0]
        alone = len(group) == 1
        unordered = "no order was shown, as no rate can be compared"
        if is_attached(top):
            unordered = "these servers have no rank, as all blocks met the same processes"
        why = "" if alone else f"{unordered}. The highest is "
        limits = _limits([top], explained=is_first)
        yield Finding(f"{where}: {why}{label(top)}, {_rate(top)}. {limits}", INTERVAL)
        return
    best = min(cell["rank"] for cell in ranked)  # not 1 where those who are faster can't be ranked themselves
    first, rest = ([cell for cell in ranked if (cell["rank"] == best) == is_best] for is_best in (True, False))
    top = first[0]
    higher = [cell for cell in not_ranked if cell["throughput_rps"] > top["throughput_rps"]]
    lead = f"{where}{_higher(higher)}" + (", of those that have a rank" if not_ranked and not higher else "")
    if len(first) == 1:
        text = f"{lead}, {label(top)} is the fastest: {_rate(top)}."
        subject = "It is"
    else:
        span = f"{units.short(first[-1]['throughput_rps'])} to {units.short(top['throughput_rps'])}"
        text = f"{lead}, {_who(first, ranked)} share the first rank, as no order of them was shown: "
        text += f"{span} requests a second."
        subject = f"{label(top)}, the highest of them, is"
    if rest and _is_known(ratios, top, rest[0], numbers):
        value, low, high = ratios.of(ratios.point(top), numbers[label(top)], numbers[label(rest[0])])
        text += f" {subject} {value:.2f} times{_interval(low, high)} the rate of {label(rest[0])}, the next in rank."
        if is_first:
            text += " (A ratio is of neighbouring windows, and not quite the quotient of the rates.)"
        if low <= 1 <= high:
            text += " That interval is of this pair alone and holds 1; ranks stand on the noise of all pairs."
    text += _unranked(not_ranked[len(higher) :], "Without a rank, too" if higher else "Without a rank")
    yield Finding(f"{text} {_limits(first, explained=is_first)}", f"{ORDERS}; {INTERVAL}")


def _handlers(cells: pd.DataFrame) -> Iterator[Finding]:
    for told in own_cpu(cells):
        sentence = in_words(*told)
        yield Finding(f"{sentence[0].upper()}{sentence[1:]}.", INTERVAL)


def _higher(cells: Sequence[Row]) -> str:
    """Those that have no rank and yet higher rates than who is first: they are what one asks for."""
    if not cells:
        return ""
    rates = ", ".join(f"{label(cell)} {units.short(cell['throughput_rps'])}" for cell in cells)
    are, have = ("s are", "have") if len(cells) > 1 else (" is", "has")
    return f", the highest rate{are} {rates} requests a second, which {have} no rank: {_why(cells)}. Of the others"


def _unranked(cells: Sequence[Row], words: str) -> str:
    """Who else has no rank, and why."""
    return f" {words}: {_why(cells)}." if cells else ""


def _why(cells: Sequence[Row]) -> str:
    """Those without a rank by the reason."""
    why: dict[str, list[Row]] = {}
    for cell in cells:
        why.setdefault(unranked.briefly(cell), []).append(cell)
    return "; ".join(f"{_names(some)} ({phrase})" for phrase, some in why.items())


def _who(some: Sequence[Row], everyone: Sequence[Row]) -> str:
    """Their names, or all but few."""
    return nearly_all([label(cell) for cell in some], [label(cell) for cell in everyone]) or _names(some)


def _is_known(ratios: Ratios, one: Row, other: Row, numbers: dict[str, int]) -> bool:
    """Whether they share a block."""
    value = ratios.of(ratios.point(one), numbers[label(one)], numbers[label(other)]).value
    return value == value


def _interval(low: float, high: float) -> str:
    return f" ({low:.2f} to {high:.2f})" if low == low else ""


def _rate(cell: Row) -> str:
    low, high = cell["throughput_rps_low"], cell["throughput_rps_high"]
    interval: str = f" ({units.short(low)} to {units.short(high)})" if pd.notna(low) else " (no interval: one block)"
    return f"{units.short(cell['throughput_rps'])} requests a second{interval}"


def _limits(cells: Sequence[Row], *, explained: bool) -> str:
    """What limited each of these, those of one limit together; and whose rate is doubtful.

    The commonest limit is explained once, in the first sentence of them.
    """
    limited: dict[str, list[Row]] = {}
    for cell in cells:
        limited.setdefault(str(cell["limited_by"]), []).append(cell)
    parts = []
    for word, part in limited.items():
        who = _names(part) if len(part) < len(cells) or len(cells) == 1 else "them"
        is_usual = word == "server" and not explained
        parts.append(f"{who}: {'the server' if is_usual else LIMITS.get(word, word or 'not known')}")
    doubtful = [f"{label(cell)} ({in_full(doubts)})" for cell in cells if (doubts := touching(cell, "throughput_rps"))]
    more = f" Doubtful are the rates of {', '.join(doubtful)}." if doubtful else ""
    return f"What limited {'; '.join(parts)}.{more}"


def _cpu(group: pd.DataFrame, results: Results) -> Iterator[Finding]:
    name = "server_cpu_us_per_request"
    is_sound = pd.Series([not (is_starved(cell) or touching(cell, name)) for cell in as_rows(group)], group.index)
    by_cost = group[group[name].notna() & is_sound].sort_values(name)
    if len(by_cost) < 2:
        return
    least, most = by_cost.iloc[0], by_cost.iloc[-1]
    first = by_cost[by_cost["cpu_rank"] == by_cost["cpu_rank"].min()]
    shared = f" {_names(as_rows(first))} share the first rank of cost." if len(first) > 1 else ""
    yield Finding(
        f"With {title(group, results.usual)}, a request costs between {units.duration(least[name])} of CPU time "
        f"({label(least)}) and {units.duration(most[name])} ({label(most)}).{shared}{untold(most, by_cost, name)}",
        f"{ORDERS}; {PAIRS}",
    )


def _connections(group: pd.DataFrame, results: Results) -> Iterator[Finding]:
    """What a connection takes: memory, and threads or processes where they grow with the clients."""
    where = f"With {title(group, results.usual)} connected"
    crowd = group[group["clients"] > 1]
    forks = crowd[crowd["processes"].fillna(0) >= crowd["clients"]]
    threads = crowd[(crowd["threads"].fillna(0) >= crowd["clients"]) & ~crowd.index.isin(forks.index)]
    parts = [*_running(threads, "threads"), *_running(forks, "processes")]
    others = crowd[~crowd.index.isin([*forks.index, *threads.index]) & crowd["threads"].notna()]
    if len(others) and parts:
        most = int(others["threads"].max())
        parts.append(f"the others {f'{most} threads at most' if most > 1 else 'one thread each'}")
    known = (others if len(others) and parts else crowd).dropna(subset=[MEMORY]).sort_values(MEMORY)
    if len(known) > 1:
        least, most_of_all = known.iloc[0], known.iloc[-1]
        parts.append(
            f"{'of the others' if parts else ''} a connection takes between {_memory(least)} and "
            f"{_memory(most_of_all)} of memory".strip()
        )
    if parts:
        yield Finding(
            f"{where}, {'; '.join(parts)}. Memory is the server's own, without what the kernel keeps for sockets.",
            f"threads and processes are counted; {memory.RANGE}",
        )


def _running(cells: pd.DataFrame, what: str) -> Iterator[str]:
    """Who runs one of these for each client, and what a connection takes there: each by itself, as long as few do."""
    if len(cells) > FEW:
        known = cells[MEMORY].dropna()
        span = f"{units.short(known.min())} to {units.short(known.max())}" if len(known) else ""
        taken = f", and a connection takes {span} KiB" if span else ""
        yield f"{_names(as_rows(cells))} run {what} for each client{taken}"
        return
    for cell in as_rows(cells):
        taken = "" if pd.isna(cell[MEMORY]) else f", and a connection takes {memory.told(cell)}"
        yield f"{label(cell)} runs {int(cell[what]):,} {what}{taken}"


def _memory(cell: pd.Series) -> str:
    blocks = memory.of_blocks(cell)
    return f"{units.short(cell[MEMORY])} KiB ({', '.join(filter(None, [label(cell), blocks]))})"


def _waiting(group: pd.DataFrame, results: Results) -> Iterator[Finding]:
    starving = group[group["starved"].fillna(0) > 0]
    for _, part in starving.groupby("starved"):
        number = int(part["starved"].iloc[0])
        who = f"{_names(as_rows(part))} {'serves' if len(part) == 1 else 'serve'}"
        yield Finding(f"{who} {served(part.iloc[0])} clients: {number:,} had no reply in a whole block.", COUNTED)


def _p99(group: pd.DataFrame, results: Results) -> Iterator[Finding]:
    known = group[group["p99_us"].notna() & (group["starved"].fillna(0) == 0)].sort_values("p99_us")
    if len(known) < 2:
        return
    least, most = known.iloc[0], known.iloc[-1]

    def told(cell: pd.Series) -> str:
        low, high = cell["p99_us_low"], cell["p99_us_high"]
        interval = f", {units.duration(low)} to {units.duration(high)}" if pd.notna(low) else ""
        interval += f", of {units.short(cell['requests'])} requests"
        interval += route.way_in(cell, "p99_us", results.run) + ", doubtful" * bool(touching(cell, "p99_us"))
        return f"{units.duration(cell['p99_us'])} ({label(cell)}{interval})"

    yield Finding(
        f"With {title(group, results.usual)}, one request in a hundred takes longer than {told(least)} at best, and "
        f"than {told(most)} at worst.{untold(least, known, 'p99_us')}{untold(most, known, 'p99_us')}",
        f"{INTERVAL}; {PAIRS}",
    )


def _at_rate(group: pd.DataFrame, results: Results, load: str) -> Iterator[Finding]:
    if group.empty:
        return
    if load == "knee" and group["knee_rps"].notna().any():
        top = group.sort_values("knee_rps", ascending=False).iloc[0]
        limit = f"{results.run['knee']['p99_limit_ms']:g} ms"
        rate = f"{units.short(top['knee_rps'])} requests a second"
        yield Finding(f"With {title(group, results.usual)}, {label(top)} keeps its p99 under {limit} up to {rate}, the "
                      f"highest rate of all.{untold(top, group, 'knee_rps')} "
                      f"{_limits([top], explained=True)}", f"{INTERVAL}; {PAIRS}")  # fmt: skip
    dropped = group[group["dropped"].fillna(0) > 0]
    if load == "open":
        who = f"{_names(as_rows(dropped))} dropped requests" if len(dropped) else "nobody dropped a request"
        yield Finding(f"With {title(group, results.usual)}, {who}. {_limits(as_rows(group), explained=True)}", COUNTED)


def _doubtful(cells: pd.DataFrame) -> Iterator[Finding]:
    measured = cells[cells["windows"].notna()]
    doubtful = measured[measured["verdict"] == "doubtful"]
    if len(doubtful):
        yield Finding(
            f"In {len(doubtful)} of {len(measured)} cells some figure is not to be relied on. Such figures are drawn "
            "hollow, and the table says why. Where the reference is one of them, ratios to it have a ? too.",
            COUNTED,
        )
    for (status, reason), part in cells[cells["windows"].isna()].groupby(["status", "reason"], sort=False):
        who = ", ".join(dict.fromkeys(label(cell) for cell in as_rows(part)))
        yield Finding(f"{who}: {status} ({reason}).", COUNTED)


def _machine(cells: pd.DataFrame) -> Iterator[Finding]:
    if sentence := moved(cells):
        yield Finding(f"{sentence[0].upper()}{sentence[1:]}. That is in no ratio, rank or bar, as comparisons are "
                      "made within blocks.", MOVED)  # fmt: skip


def _names(cells: Sequence[Row]) -> str:
    names = [label(cell) for cell in cells]
    if len(names) > MOST_NAMES:
        names = [*names[: MOST_NAMES - 1], f"{len(names) - MOST_NAMES + 1} more"]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
