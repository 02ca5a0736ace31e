"""Two results folders against each other: changes with intervals, charts overlaid.

Variants of one run are paired by block and round, as the gate does it. Runs of their own met the machine at other
times, so their difference is as much the machine's: their intervals take blocks for independent, what they
show is advice, and never a pass.
"""

from dataclasses import replace
from math import log
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from scipy.stats import ttest_ind

from analysis.doubts import is_of_server
from analysis.drawing import gate as chart
from analysis.drawing.charts import figures
from analysis.drawing.sheet import drop_others, save
from analysis.gate.decision import Decision, Outcome, Rules, conclude, summary
from analysis.gate.lost import lines_of, lost
from analysis.gate.result import BY_BLOCKS, UNSHOWN, Gate, hidden_in, margin_of, row_of, with_gaps
from analysis.gate.series import METRICS, Metric, cells, losses
from analysis.hosts import origin
from analysis.judging.cells import tabulate
from analysis.records.machine import machine
from analysis.records.reading import Results, ResultsError, read
from analysis.statistics import CONFIDENCE, NAN, by_block
from axes import ATTACHED

ADVISORY = "runs of their own: the machine may have changed between them, so this is advice and no pass"
READING = f"change: of B by A, ± the 95 % interval over n blocks of both; {UNSHOWN}; {BY_BLOCKS}."
READING_ADVISORY = f"change: of B by A, ± the 95 % interval over the blocks of each; {UNSHOWN}; {BY_BLOCKS}."


class Side(NamedTuple):
    """One of the two: a run, and the variant of it that is taken."""

    name: str
    results: Results
    variant: str


def compare(a: str, b: str, settings: dict[str, Any]) -> Gate:
    """B against A, as FOLDER or FOLDER:VARIANT. ResultsError where one can't be read or names no variant of its run."""
    base, head = _side(a), _side(b)
    paired = base.results.run["run_id"] == head.results.run["run_id"]
    if base.results.folder.resolve() == head.results.folder.resolve() and base.variant == head.variant:
        raise ResultsError(f"{a} and {b}: the same figures; name two runs, or two variants of one as FOLDER:VARIANT")
    names = ("A", "B")
    both = _overlaid(base, head, names, settings)
    found, table = cells(both), tabulate(both)
    lines = lines_of(table)
    aside = lost(both, lines, *names)
    for cell, forms in found.items():
        if not {(cell, name) for name in names} <= set(lines):  # of two runs: it may not have been asked for
            aside.failures.pop(cell, None)
            aside.absent.pop(cell, None)
            (aside.gone if paired else aside.absent)[cell] = f"only in {''.join(forms)}"
    rules = Rules.of(settings)
    rows, decisions, hidden = [], {}, {}
    is_loaded_otherwise = _origin(base) != _origin(head)
    sound = {cell: forms for cell, forms in found.items() if cell not in aside.cells}
    for cell, forms in sound.items():
        if paired and (why := hidden_in(cell, lines, forms, names, rules, len(sound))):
            hidden[cell] = why
        for metric in METRICS:
            row = row_of(cell, metric, *(lines[cell, name] for name in names))
            if is_of_server(metric.column) and ATTACHED in (base.variant, head.variant):
                row = replace(row, doubt="not known of servers that are attached")
            elif is_loaded_otherwise and metric.rounds and not is_of_server(metric.column):
                row = replace(row, doubt="the load came from elsewhere, or went there")
            told = _told(metric, *(forms[name] for name in names), paired=paired)
            rows.append(row := with_gaps(row, [value for side in told for value in side]))
            if decision := None if row.doubt else _decision(told):
                decisions[cell, metric] = decision
    deciding = {key: one for key, one in decisions.items() if key[1].decides}
    decisions |= conclude(deciding, {key: margin_of(key[1], settings) for key in deciding}, rules)
    rows = [replace(row, decision=decisions.get((row.cell, row.metric))) for row in rows]
    nothing = "" if deciding else "no figure that could decide anything is in both"
    advisory, reading = ("", (READING,)) if paired else (ADVISORY, (f"Advisory: {ADVISORY}.", READING_ADVISORY))
    return Gate(both, table, *names, rules, rows, {}, *aside, hidden, (), nothing, advisory, reading)


def write(gate: Gate, results: Path) -> list[Path]:
    """The charts of both over each other, and the chart of changes, in RESULTS/compare; the paths written.

    Those of an earlier pair are deleted.
    """
    folder = results / "compare"
    folder.mkdir(parents=True, exist_ok=True)
    drawn = figures(gate.results, gate.table)
    paths = [path for name, figure in drawn for path in save(figure, folder / name)] + chart.draw(gate, folder)
    drop_others(folder.iterdir(), paths)
    return paths


def _side(text: str) -> Side:
    folder, variant = Path(text), ""
    if not folder.is_dir() and ":" in text:
        before, _, variant = text.rpartition(":")
        folder = Path(before)
    results = read(folder)
    there = list(dict.fromkeys(results.windows["variant"]))
    if not there:
        raise ResultsError(f"{folder}: nothing was measured; name another results folder")
    if not variant and len(there) > 1 and "" not in there:  # beside some that are attached, the run's own are meant
        raise ResultsError(f"{folder}: holds the variants {', '.join(there)}; name one: {folder}:{there[0]}")
    if variant and variant not in there:
        raise ResultsError(f"{folder}: has no variant {variant!r}; it has {', '.join(filter(None, there)) or 'none'}")
    return Side(text, results, variant or ("" if "" in there else there[0]))


def _overlaid(base: Side, head: Side, names: tuple[str, str], settings: dict[str, Any]) -> Results:
    """Both as variants of one run.

    In runs of their own a point is the same, whatever it was compared along, and no block is of both: the machine had
    moved on, and nothing that it did is common to the two.
    """
    is_apart = base.results.run["run_id"] != head.results.run["run_id"]
    apart = {"along": ""} if is_apart else {}
    later = {names[1]: 1 + max(base.results.windows["block"])} if is_apart else {}
    tables: dict[str, pd.DataFrame] = {}
    for name in ("windows", "searches", "perturbed", "footprints", "balances", "failures"):
        own = [(as_, _of_variant(getattr(side.results, name), side.variant))
               for side, as_ in zip((base, head), names, strict=True)]  # fmt: skip
        parts = [
            part.assign(variant=as_, block=part["block"] + later.get(as_, 0), **apart) for as_, part in own if len(part)
        ]
        tables[name] = pd.concat(parts, ignore_index=True) if parts else getattr(head.results, name)
    variants = {
        as_: {
            "asked": side.name,
            "precision": side.results.run.get("precision"),
            "run": side.results.run,
            "variant": side.variant,
        }
        for side, as_ in zip((base, head), names, strict=True)
    }
    strategies = base.results.run["strategies"] | head.results.run["strategies"]
    families = (base.results.run.get("families") or {}) | (head.results.run.get("families") or {})
    runs = ", ".join(dict.fromkeys(str(side.results.run["run_id"]) for side in (base, head)))
    told = {"variants": variants, "gate": settings, "strategies": strategies, "families": families,
            "notes": _notes(base, head, names), "run_id": runs}  # fmt: skip
    run = head.results.run | told
    if base.results.run.get("machine") != run.get("machine"):
        run["machine"] = None  # one of them would pass for both's
    if base.results.run.get("started_at") != run.get("started_at"):
        run["started_at"] = None
    return Results(head.results.folder, run, **tables, probes=head.results.probes,
                   seconds=head.results.seconds)  # fmt: skip


def _of_variant(table: pd.DataFrame, variant: str) -> pd.DataFrame:
    return table[table["variant"] == variant]


def _notes(base: Side, head: Side, names: tuple[str, str]) -> list[dict[str, str]]:
    """What the runs said of themselves, and where if not on the same machine; what both said, once."""
    runs = [side.results.run for side in (base, head)]
    told = [[*_of_side(side), *_aside(side)] for side in (base, head)]
    where = [", ".join(machine(run)) or "an unknown machine" for run in runs]
    places = [{"kind": chart.PLACES, "seen": f"measured on {place}", "why": "", "remedy": ""} for place in where]
    if places[0] != places[1]:
        told = [[*notes, place] for notes, place in zip(told, places, strict=True)]
    origins = [{"kind": "origin", "seen": _origin(side), "why": "", "remedy": ""} for side in (base, head)]
    if origins[0] != origins[1]:
        told = [[*notes, place] for notes, place in zip(told, origins, strict=True)]
    both = [note for note in told[0] if note in told[1]]
    own = [note | {"seen": f"{name}: {note['seen']}"}
           for name, notes in zip(names, told, strict=True) for note in notes if note not in both]  # fmt: skip
    return both + own


def _origin(side: Side) -> str:
    """Where its load came from, and of attached servers on which hosts they are, whatever their ports."""
    told = [origin(side.results.run)]
    if side.variant == ATTACHED:
        strategies = side.results.run["strategies"]
        names = dict.fromkeys(side.results.windows.query("variant == @ATTACHED")["strategy"])
        places = [
            f"{name} at {((strategies.get(name) or {}).get('address') or '?').rpartition(':')[0]}" for name in names
        ]
        told.append(f"to {', '.join(places)}")
    return ", ".join(told)


def _of_side(side: Side) -> list[dict[str, str]]:
    """What its run said of itself; of attached servers only where these are what is compared."""
    notes = list(side.results.run.get("notes") or [])
    return notes if side.variant == ATTACHED else [note for note in notes if note["kind"] != ATTACHED]


def _aside(side: Side) -> list[dict[str, str]]:
    """That the attached servers of a run aren't compared, where its own are."""
    windows = side.results.windows
    names = list(dict.fromkeys(windows["strategy"][windows["variant"] == ATTACHED]))
    if side.variant == ATTACHED or not names:
        return []
    return [{"kind": "attached-aside", "seen": f"not compared, as they were attached: {', '.join(names)}", "why": "",
             "remedy": f"name the runs as FOLDER:{ATTACHED} to compare them"}]  # fmt: skip


def _told(metric: Metric, base: pd.DataFrame, head: pd.DataFrame, *, paired: bool) -> list[list[float]]:
    """What blocks tell of a figure: the losses of those that both have, or the logarithms of each side's own."""
    if metric.rounds is None:
        return []
    return [list(losses(metric, base, head).values())] if paired else [_logs(metric, base), _logs(metric, head)]


def _decision(told: list[list[float]]) -> Decision | None:
    """The change with its interval; what it amounts to is decided for all of them together."""
    if not told or min(map(len, told)) < 2:
        return None
    return summary(told[0]) if len(told) == 1 else _welch(*told)


def _welch(older: list[float], newer: list[float]) -> Decision:
    """Of blocks that share nothing: Welch's t on the logarithm of the blocks' means."""
    test = ttest_ind(newer, older, equal_var=False)
    low, high = test.confidence_interval(CONFIDENCE)
    return Decision(Outcome.UNDECIDED, (low + high) / 2, (high - low) / 2, test.pvalue, min(len(older), len(newer)))


def _logs(metric: Metric, windows: pd.DataFrame) -> list[float]:
    """The logarithm of each block's mean, larger where it is worse; NaN where a block has none."""
    assert metric.rounds is not None
    means = by_block(metric.rounds(windows))
    return [(1 if metric.more_is_worse else -1) * log(value) if value > 0 else NAN for value in means.values()]
