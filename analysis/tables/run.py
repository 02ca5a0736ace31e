"""The run as a table in the terminal: a block of rows per group, the best first.

Strategies that were not shown to differ share a rank. A figure with a ? is doubtful, for a reason below its group.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis import hosts, units
from analysis.doubts import LOADER_LIMITED, MAYBE_LOADER_LIMITED, Doubt, touching
from analysis.judging import attached
from analysis.judging.handlers import in_words, own_cpu
from analysis.judging.served import served
from analysis.judging.standing import moved, ranks_in_words
from analysis.judging.verdict import slowing_tells
from analysis.records.points import by_group, group_of, is_attached, label, member, nearly_all, title
from analysis.records.reading import Results
from analysis.tables.narrow import fitted
from axes import ALONG, ATTACHED, AXES, connections_stay

TIMES = "\N{MULTIPLICATION SIGN}"
TO = "\N{EN DASH}"
NONE = "-"
NEVER = "> window"  # a time, where more took longer than a window than the percentile leaves out
WIDTH = 110
DISPENSABLE = ("p50", "CPU/req", "limited by", "p99")  # the first first; what doubts a figure is told below its group
# what is sorted by, for each load, after the ranks
ORDER = {"closed": {"throughput_rps": False}, "open": {"dropped": True, "p99_us": True}, "knee": {"knee_rps": False}}
Column = tuple[str, Callable[[pd.Series], str]]


def render(results: Results, cells: pd.DataFrame, console: Console) -> None:
    """Print every group of the run."""
    if cells.empty:
        console.print(Text("Nothing was measured."))
        return
    variants = list(results.run.get("variants") or {})
    reference = variants[0] if variants else str(results.run.get("reference") or "reference")
    groups = list(by_group(cells))
    elsewhere = attached.first((cell for _, cell in cells[cells["windows"].notna()].iterrows()), results.run)

    def reference_of(group: pd.DataFrame) -> str:
        first = group.iloc[0]
        return f"{elsewhere.get(group_of(first), '')}@{ATTACHED}" if is_attached(first) else reference

    tables, without = fitted(
        lambda without: [_group(group, results.usual, reference_of(group), without) for group in groups],
        DISPENSABLE, console, WIDTH,
    )  # fmt: skip
    for group, table in zip(groups, tables, strict=True):
        console.print(table)
        for line in _remarks(group):
            console.print(Text(line, style="dim"))
        console.print()
    if without:
        told = f"The terminal is narrow: {', '.join(without)} are in cells.csv, and in a wider one."
        console.print(Text(told, style="dim"))
    for line in _how_to_read(results, cells, reference):
        console.print(Text(line, style="dim"))


def _how_to_read(results: Results, cells: pd.DataFrame, reference: str) -> list[str]:
    has_columns = bool((cells["load"] != "open").any())
    lines = [f"Note: {note}." for note in (*results.warnings, *results.notes, *hosts.notes(results))]
    if sentence := moved(cells):
        lines.append(f"{sentence[0].upper()}{sentence[1:]}: that is in ±, and not in ratios and ranks.")
    legend = ["±: 95 % interval over blocks, its ends where wide."] * bool(cells["throughput_rps_low"].notna().any())
    legend += [
        "CPU/req: the server's CPU time for a request."
    ] * has_columns  # which tables at a rate don't have, nor ratios
    lines += [" ".join(legend)] * bool(legend)
    if told := hosts.between(results.run):
        lines.append(f"{told[0].upper()}{told[1:]}.")
    if told := ranks_in_words(cells):
        lines.append(f"#: {told}.")
    for along in filter(None, cells.loc[cells["load"] != "open", ALONG].unique()):
        lines.append(f"Along {AXES[along].title} the ratio is to the same strategy at the usual value, or the least.")
    apart = cells[(cells[ALONG] == "") & (cells["load"] != "open") & (cells["variant"] != ATTACHED)]
    if (cells["variant"] == ATTACHED).any():
        lines.append(
            f"@{ATTACHED}: servers that somebody else has started. They are compared among each other alone: ratio to "
            "the first of them, no rank (ranks count fresh processes, and these are the same in every block)."
        )
    if len(apart) and reference not in {*apart["strategy"], *apart["variant"]}:
        lines.append(f"No ratios without {reference}.")
    elif len(apart):
        lines.append(f"Ratio to {reference} within rounds: not quite the quotient of the rates; ~ where it may be 1.")
    if (cells["throughput_rps"].notna() & cells["throughput_rps_low"].isna()).any():
        lines.append("No interval where there are fewer than two blocks with replies.")
    if (cells["starved"].fillna(0) > 0).any():
        lines.append("N of M: so many clients were served; the others never were.")
    if (cells["verdict"] == "doubtful").any():
        is_marked = any(touching(cell, "server_cpu_us_per_request") for _, cell in cells.iterrows())
        holds = f" Server CPU per request holds {'where it has no mark of its own' if is_marked else 'all the same'}."
        lines.append(
            "?: doubtful, and so is its latency; why stands below its group, each one's number in cells.csv."
            + holds * (has_columns and bool(cells["server_cpu_us_per_request"].notna().any()))
        )
    if cells["perturbation_loss"].notna().any():
        lines.append(
            "limited by: behind the word what slowing the loader down did to the rate, of what it would have if the "
            "loader limited; behind CPU/req what it did to that."
        )
    if (cells["load"] != "closed").any():
        lines.append("Open loop and knee: latency from the instant at which a request was meant to start.")
    if not all(connections_stay(dict(cell)) for _, cell in cells[list(AXES)].iterrows()):
        lines.append("Connect p99: > window where one connect in a hundred wasn't made before its window ended.")
    if (cells["load"] == "knee").any() and results.run.get("knee"):
        lines.append(f"Knee: the highest rate whose p99 is under {results.run['knee']['p99_limit_ms']:g} ms.")
    return lines


def _group(group: pd.DataFrame, usual: Mapping[str, Any], reference: str, without: Sequence[str]) -> Table:
    first = group.iloc[0]
    along = str(first[ALONG])
    if along:
        reference = AXES[along].write(AXES[along].first(group[along], usual[along]))
    heading = Text(title(group, usual, in_full=True), style="bold")
    table = Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False,
                  padding=(0, 1), collapse_padding=True)  # fmt: skip
    longest = max(len(member(cell)) for _, cell in group.iterrows())
    is_ranked = group["rank"].notna().any()
    if is_ranked:
        table.add_column("#", justify="right", no_wrap=True)
    table.add_column("strategy", overflow="fold", min_width=min(longest, 20))
    told = _figures(str(first["load"]), reference, not connections_stay(dict(first[list(AXES)])))
    if not any(_is_reference(cell, reference) for _, cell in group.iterrows()):  # no ratios
        without = [*without, _by(reference)]
    figures = [column for column in [*told, ("limited by", _limit)] if column[0] not in without]
    for name, _ in figures:
        table.add_column(Text(name), justify="left" if name == "limited by" else "right", no_wrap=True)
    table.add_column("note", overflow="fold")
    shared = group["rank"].value_counts()
    for _, cell in _sorted(group, ORDER.get(str(first["load"]), ORDER["closed"])).iterrows():
        is_measured = pd.notna(cell["throughput_rps"])
        dim = "" if is_measured else "dim"
        place = [Text(_rank(cell["rank"], shared))] if is_ranked else []
        written = [
            Text(member(cell), style="bold" if _is_reference(cell, reference) else dim),
            *(Text(write(cell), style=dim) for _, write in figures),
            Text(_note(cell), style="yellow"),
        ]
        table.add_row(*place, *written)
    return table


def _sorted(group: pd.DataFrame, order: dict[str, bool]) -> pd.DataFrame:
    """By rank, those of a rank by their figures; a rate without a rank stands before the first that is lower.

    A rate at which some clients are never served comes after those that serve all.
    """
    ranks = group["rank"].astype(float)

    def place(cell: pd.Series) -> float:
        slower = ranks[group["throughput_rps"] <= cell["throughput_rps"]]
        return float(slower.min() if pd.isna(cell["rank"]) else cell["rank"])

    keys = {"starving": True, "place": True} | order
    found = group.assign(starving=group["starved"].fillna(0) > 0, place=group.apply(place, axis=1))
    return found.sort_values(list(keys), ascending=list(keys.values()), kind="stable")


def _figures(load: str, reference: str, connections_end: bool) -> list[Column]:
    """Heading of each column and what stands in it."""

    def ratio(cell: pd.Series) -> str:
        return "1" if _is_reference(cell, reference) and pd.notna(cell["throughput_rps"]) else _ratio(cell)

    times: list[Column] = [("p50", _time("p50_us")), ("p99", _time("p99_us"))]
    by_reference: Column = (_by(reference), ratio)
    cpu: Column = ("CPU/req", _cpu)
    if connections_end:
        times.append(("connect p99", _connect))
    if load == "open":
        return [("offered/s", _count("offered_rps")), ("achieved/s", _rate("throughput_rps")), *times,
                ("dropped", _count("dropped"))]  # fmt: skip
    if load == "knee":
        return [("knee, requests/s", _rate("knee_rps")), by_reference, *times, cpu]
    return [("requests/s", _rate("throughput_rps")), by_reference, *times, cpu]


def _by(reference: str) -> str:
    """The heading of the ratios."""
    return f"of {reference}"[:16]


def _is_reference(cell: pd.Series, reference: str) -> bool:
    along = cell[ALONG]
    if is_attached(cell):
        return label(cell) == reference
    return bool((AXES[along].write(cell[along]) if along else cell["variant"] or cell["strategy"]) == reference)


def _rank(rank: Any, shared: pd.Series) -> str:
    if pd.isna(rank):
        return ""
    return f"{'=' if shared[rank] > 1 else ''}{rank}"


def _count(name: str) -> Callable[[pd.Series], str]:
    return lambda cell: NONE if pd.isna(cell[name]) else units.count(cell[name])


def _rate(name: str) -> Callable[[pd.Series], str]:
    def write(cell: pd.Series) -> str:
        value, low, high = (cell[f"{name}{end}"] for end in ("", "_low", "_high"))
        if pd.isna(value):
            return NONE
        text = units.count(value)
        if pd.notna(low) and units.lopsided(low, high):
            text = f"{units.short(value)} ({units.short(low)}{TO}{units.short(high)})"
        elif pd.notna(low):
            text += f" ± {(high - low) / 2 / value * 100:4.1f} %"
        return text + _doubt(cell, name)

    return write


def _ratio(cell: pd.Series) -> str:
    if pd.isna(cell["ratio"]):
        return NONE
    if pd.isna(cell["ratio_low"]):
        return f"{TIMES} {cell['ratio']:.2f}       "
    unclear = cell["ratio_low"] <= 1 <= cell["ratio_high"]
    half = (cell["ratio_high"] - cell["ratio_low"]) / 2
    digits = next((digits for digits in (2, 3) if half >= 0.5 * 10**-digits), 4)  # ± 0.00 would be certainty
    return f"{'~' if unclear else ''} {TIMES} {cell['ratio']:.{digits}f} ± {half:.{digits}f}"


def _time(name: str) -> Callable[[pd.Series], str]:
    def write(cell: pd.Series) -> str:
        if pd.isna(cell[name]):
            return NONE
        # a doubt of the throughput stands there already; a latency has it too
        is_said = touching(cell, "throughput_rps") and not name.startswith("server_cpu")
        beyond = "" if is_said else _doubt(cell, name)
        return units.duration(cell[name]) + beyond

    return write


def _cpu(cell: pd.Series) -> str:
    """At the pace of its windows, and by how much it changed where the loader was slowed down."""
    name = "server_cpu_us_per_request"
    change = (cell[f"{name}_slowed"] / cell[name] - 1) * 100
    return _time(name)(cell) + ("" if pd.isna(change) else f" {change:+3.0f} %")


def _limit(cell: pd.Series) -> str:
    """The word, and where slowing the loader down told: what that changed, of what it would if the loader limited."""
    word, lost, would_lose = cell["limited_by"], cell["perturbation_loss"], cell["perturbation_loss_if_loader"]
    is_told = pd.notna(lost) and (slowing_tells(cell) or word == "both")
    return f"{word} {-lost * 100:+.0f} of {-would_lose * 100:.0f} %" if is_told else str(word)


def _connect(cell: pd.Series) -> str:
    begun = cell["connects"] + cell["connecting"]
    return NEVER if pd.notna(begun) and cell["connecting"] > begun / 100 else _time("connect_p99_us")(cell)


def _doubt(cell: pd.Series, name: str) -> str:
    return " ?" if touching(cell, name) else ""


def _note(cell: pd.Series) -> str:
    parts = [] if cell["status"] == "ok" else [str(cell["status"])]
    if served(cell):
        parts.append(served(cell))
    if pd.notna(cell["errors"]) and cell["errors"]:
        parts.append("1 error" if cell["errors"] == 1 else f"{units.count(cell['errors'])} errors")
    return ", ".join(parts)


def _remarks(group: pd.DataFrame) -> list[str]:
    """A line for each reason, with whom it holds for, and the number that each has where they are few."""
    found: dict[str, dict[str, str]] = {}
    for _, cell in group.iterrows():
        for doubt in cell["doubts"]:
            found.setdefault(_reason(doubt), {})[member(cell)] = f"{member(cell)} ({doubt.number})"
        for told in filter(None, (cell["status_reason"], attached.in_words(cell), attached.unknown(cell))):
            found.setdefault(told, {})[member(cell)] = member(cell)
    everyone = [member(cell) for _, cell in group.iterrows()]
    own = [f"  {in_words(*told)}" for told in own_cpu(group)]
    return own + [
        f"  {nearly_all(list(of), everyone) or ', '.join(of.values())}: {phrase}" for phrase, of in found.items()
    ]


def _reason(doubt: Doubt) -> str:
    """A kind of doubt with its threshold; where each cell has one of its own, its number says it."""
    is_own = doubt.kind in (LOADER_LIMITED, MAYBE_LOADER_LIMITED)
    return doubt.kind.phrase + f" (threshold {doubt.limit})" * bool(doubt.limit and not is_own)
