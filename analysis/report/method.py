"""How a run was measured, and on what."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis import hosts, units
from analysis.doubts import KINDS, written
from analysis.judging.standing import moved
from analysis.records.machine import machine, server_cpus
from analysis.records.points import is_attached, label, title
from analysis.records.reading import Results
from analysis.report import glossary
from analysis.report.glossary import FIGURES, LIMITS, LOADER, LOOPS, RANKS
from analysis.report.repeat import DIRTY, blocks, done, several
from axes import ATTACHED

HOW = {"closed": "in a closed loop: each client has one request in flight",
       "open": "in an open loop: at a rate of its own, whatever the server does",
       "knee": "in search of the highest rate that a server answers in time"}  # fmt: skip
SHARE = re.compile(r"\b\w+_share\b")  # the key of a threshold
RULES = (  # what is said of the method on the page: a heading there, and the paragraph that tells it
    ("Latency: the clock", LOADER, "The clock."),
    ("Latency: percentiles", FIGURES, "Latency is"),
    ("Latency: what a closed loop hides (coordinated omission)", LOOPS, "In the open loop"),
    ("CPU time", FIGURES, "Server CPU per request"),
    ("Memory", FIGURES, "Other costs"),
    ("Ratios", FIGURES, "Ratios are taken first"),
    ("Bars", FIGURES, "Bars in"),
    ("Ranks", RANKS, "A strategy's rank"),
    ("What limited it", LIMITS, "limited_by says"),
)


def brief(results: Results, cells: pd.DataFrame) -> str:
    """Who was asked how, in two sentences."""
    measured = cells[cells["windows"].notna()]
    if measured.empty:
        return ""
    if len(results.seconds):
        return (
            "One load generator asked one server for the whole time, at a rate of its own, whatever the server did. It "
            f"did so {hosts.way(results.run)}; nothing was started anew, and nothing stood still."
        )
    strategies = measured.groupby(["strategy", "variant"]).ngroups
    asked = "; and ".join(HOW[how] for how in measured["load"].unique())
    who = f"{strategies} strategies" if strategies > 1 else "one strategy"
    names = list(dict.fromkeys(label(cell) for _, cell in measured.iterrows() if is_attached(cell)))
    aside = (
        f" {' and '.join(names)} ran already, where somebody else had started them, and were met there: the same "
        "processes in every block."
    ) * bool(names)
    is_fresh = "each with fresh server processes" if _are_own(measured) else "which all met the same server processes"
    return (
        (
            f"One load generator asked {who} in turn, {asked}. It did so {hosts.way(results.run)}, in short windows in "
            f"random order, in {several(blocks(results), 'block')}, {is_fresh}. Every interval is "
            "over blocks."
        )
        + "".join(f" F{told[1:]}." for told in hosts.moved(results))
        + aside
    )


def facts(results: Results, cells: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """A term and what it is, as far as run.json tells."""
    run = results.run
    seed = run.get("seed")
    yield (
        "Profile, seed",
        f"{run.get('profile') or '?'}, {'?' if seed is None else seed}: a run with the same seed and as many rounds "
        "visits the servers in the same order",
    )
    if "revision" in run:
        commit, changed, _ = str(run["revision"] or "not in git").partition(DIRTY)
        yield "Revision", commit + ", with changes that no commit has" * bool(changed)
    fresh = "A block has fresh server processes; every" if _are_own(cells) else "All blocks met the same servers; every"
    yield "Repeated", f"{done(results)} {fresh} interval and every rank counts blocks."
    yield from _lived(results)
    yield from _asked(results, cells)
    yield "On", "; ".join([", ".join(machine(run)) or "an unknown machine", *_cpus(run), hosts.way(run)])
    if told := hosts.workers(run):
        yield "Load from", told
    if told := hosts.between(run):
        yield "Between hosts", f"{told}. Latencies have that way in them"
    if versions := run.get("versions"):
        yield "With", ", ".join(f"{name} {version}" for name, version in versions.items())
    times = f"{run.get('started_at') or '?'} to {run.get('finished_at') or 'not finished'}"
    took = (run.get("measuring") or {}).get("seconds")
    lasted = f"; measuring took {took:.0f} s of that" if took else ""
    yield "From, to", f"{times}: {run.get('outcome') or 'outcome unknown'}{lasted}"
    if len(cells) and (sentence := moved(cells)):
        yield "The machine", sentence


def _lived(results: Results) -> Iterator[tuple[str, str]]:
    """How long a server process lived, from its first window to its last: what comes less often can't show."""
    windows = results.windows[results.windows["variant"] != ATTACHED]
    if windows["started_at"].isna().all():
        return
    lives = windows.groupby(["block", "strategy", "variant", "service"])["started_at"].agg(["min", "max"])
    longest_s = float((lives["max"] - lives["min"]).max()) + float(windows["counted_s"].max())
    told = f"at most {longest_s:.0f} s from its first window to the end of its last"
    if not len(results.seconds):
        told += (
            ", most of it standing still: a stall that comes less often, a leak or a drift doesn't show in such a run "
            "(run_bench.py soak asks one for minutes)"
        )
    yield "A server process lived", told


def together(cells: pd.DataFrame) -> str:
    """How servers took turns."""
    is_attached_there = (cells["variant"] == ATTACHED).any()
    still = (
        ", while all others of the run's own stand still; those that are attached don't"
        if _are_own(cells) and is_attached_there
        else "; they aren't made to stand still, as they are attached" if is_attached_there
        else ", while all others stand still: what the machine does at a moment, it does to all of them"
    )  # fmt: skip
    return (
        "Servers of every strategy are alive at once. One load generator visits them in turn, in many short windows in "
        f"random order{still}. Rates hold for this run, on this machine"
        f"{' and those that it asked' * bool(is_attached_there)}."
    )


def _are_own(cells: pd.DataFrame) -> bool:
    """Whether some servers were started for the run."""
    return bool((cells["variant"] != ATTACHED).any()) or cells.empty


def rules() -> Iterator[tuple[str, str]]:
    """What the method says of the page's figures."""
    for name, heading, start in RULES:
        if said := glossary.paragraph(heading, start):
            yield name, said


def limits(results: Results) -> list[tuple[str, str]]:
    """What `limited_by` says, by this run's thresholds."""
    return [(word, SHARE.sub(lambda key: written(results.thresholds, key[0]), meaning))
            for word, meaning in glossary.table(glossary.LIMITS)]  # fmt: skip


def doubts(results: Results, cells: pd.DataFrame) -> list[tuple[str, str]]:
    """The kinds of doubt that cells have: when there is such a one, by this run's thresholds, and what it touches."""
    found = {doubt.kind for kinds in cells["doubts"] for doubt in kinds}
    settings = results.thresholds | {"p99_multiple": results.p99_multiple("closed")}
    return [(kind.phrase, f"{kind.says(settings)}. It touches {', '.join(kind.touches)}")
            for kind in KINDS if kind in found]  # fmt: skip


def _asked(results: Results, cells: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """How servers were asked, for how long, and how often; and what of a client's cycle is latency."""
    measured = cells[cells["windows"].notna()]
    if measured.empty:
        return
    yield "Load", "; ".join(HOW[how] for how in measured["load"].unique())
    lengths = results.windows.groupby("clients")["counted_s"].median().to_dict()
    counted = [f"{length:.3g} s with {several(int(str(clients)), 'client')}" for clients, length in lengths.items()]
    yield "Windows", f"a counted part of {', '.join(counted)}: the median, as they grow with the p99 of a cell"
    few, many = measured["requests"].min(), measured["requests"].max()
    yield "Requests", f"{units.short(few)} to {units.short(many)} in a cell; the table has each cell's own"
    if example := _cycle(measured, results.usual):
        yield "Latency and rate", example


def _cycle(measured: pd.DataFrame, usual: Mapping[str, Any]) -> str:
    """Of the cell in which least of a client's cycle is latency: what the rest is."""
    known = measured[(measured["load"] == "closed") & (measured["starved"].fillna(0) == 0)
                     & measured["loader_delay_p50_us"].notna() & (measured["throughput_rps"] > 0)]  # fmt: skip
    if known.empty:
        return ""
    cycles = known["clients"] / known["throughput_rps"] * 1e6
    place = int((known["p50_us"] / cycles).to_numpy().argmin())
    cell, cycle = known.iloc[place], float(cycles.iloc[place])
    return (
        "a client's cycle is clients / rate; latency is the part from the request's hand-over to the kernel until the "
        "reply's last byte is there. Then the loader takes its turn, which is in the rate and in no latency. That turn "
        f"is the largest part of the cycle with {label(cell)}, {title(known.iloc[[place]], usual)}: of "
        f"{units.duration(cycle)} the median latency is {units.duration(cell['p50_us'])}, and a reply waits for "
        f"{units.duration(cell['loader_delay_p50_us'])} (median) until the loader sees it; medians "
        "don't add up to the whole"
    )


def _cpus(run: Mapping[str, Any]) -> Iterator[str]:
    for words, cpus in (
        ("servers on CPU", server_cpus(run)),
        ("load from CPU", ", ".join(map(str, run.get("loader_cpus") or []))),
    ):
        if cpus:
            yield f"{words} {cpus}"
