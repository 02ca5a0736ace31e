"""What a run of two variants shows: a row for each figure, what failed, and the exit code that follows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from math import exp, nan
from typing import Any

import pandas as pd

from analysis.doubts import FAILING, UNSTABLE, touching
from analysis.gate import decision
from analysis.gate.decision import Decision, Outcome, Rules, Series
from analysis.gate.series import METRICS, Cell, Metric, cells, change, losses
from analysis.judging.cells import tabulate
from analysis.records.points import POINT
from analysis.records.reading import Results, ResultsError

EXIT_NOTHING, EXIT_REGRESSION, EXIT_UNDECIDED, EXIT_INVALID = 0, 1, 3, 4
UNSHOWN = "~ where none was shown, without an interval where it was not tested"  # of how a change is written
# Absolute rates that move between blocks move on both sides; what doesn't cancel is in the interval.
SPARED = (UNSTABLE,)


@dataclass(frozen=True)
class Row:
    """A figure of a cell, at base and at head."""

    cell: Cell
    metric: Metric
    base: float
    head: float
    decision: Decision | None  # None: of a figure that is reported, or doubtful
    doubt: str = ""  # why it decides nothing
    spread: float = nan  # standard deviation of a block's loss
    detectable: float = nan  # the loss that would have been shown, as a share

    @property
    def outcome(self) -> str:
        if self.doubt:
            return "doubtful"
        return str(self.decision.outcome) if self.decision and self.metric.decides else ""

    @property
    def change(self) -> float:
        """Of head by base, as a share: by the blocks' ratios where there are any."""
        return change(self.base, self.head) if self.decision is None else self._share(self.decision.loss)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the change."""
        if self.decision is None:
            return nan, nan
        loss, half = self.decision.loss, self.decision.half
        low, high = sorted((self._share(loss - half), self._share(loss + half)))
        return low, high

    def _share(self, loss: float) -> float:
        return exp(loss if self.metric.more_is_worse else -loss) - 1


@dataclass(frozen=True)
class Gate:
    """All that a run says about a change."""

    results: Results
    table: pd.DataFrame  # its cells, as cells.csv has them
    base: str  # the variants' names
    head: str
    rules: Rules
    rows: list[Row]
    series: dict[tuple[Cell, Metric], Series] = field(default_factory=dict)  # that something was decided from
    failures: dict[Cell, str] = field(default_factory=dict)  # cells that head has lost or fails in, and why
    broken: dict[Cell, str] = field(default_factory=dict)  # cells that base fails in
    absent: dict[Cell, str] = field(default_factory=dict)  # cells that both fail in, or that are new
    left_out: tuple[str, ...] = ()  # what was asked for and had no time in the budget
    invalid: str = ""  # why nothing of it may be relied on
    advisory: str = ""  # why it may be taken for advice, and never for a pass
    reading: tuple[str, ...] = ()  # how its figures came about, a line each

    def having(self, *outcomes: Outcome) -> list[Row]:
        return [row for row in self.rows if row.metric.decides and row.outcome in outcomes]

    @property
    def exit_code(self) -> int:
        """0: nothing found. 1: a regression, or a cell that head has lost. 3: undecided. 4: invalid."""
        if self.advisory and not self.invalid:
            return EXIT_UNDECIDED
        if self.having(Outcome.REGRESSION) or self.failures:
            return EXIT_REGRESSION
        if self.invalid:
            return EXIT_INVALID
        return EXIT_UNDECIDED if self.having(Outcome.UNDECIDED) or self.left_out else EXIT_NOTHING

    @property
    def settled(self) -> set[tuple[int, str]]:
        """Place of the group and strategy of the cells that no more blocks would tell anything about."""
        undecided = {row.cell for row in self.having(Outcome.UNDECIDED)}
        places = {
            Cell(str(key[0]), tuple(key[1:])): int(part["group"].iloc[0])
            for table in (self.results.windows, self.results.failures)
            for key, part in table.groupby(["strategy", *POINT], sort=False)
        }
        every = {(place, cell.strategy) for cell, place in places.items()}
        return every - {(place, cell.strategy) for cell, place in places.items() if cell in undecided}

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        regressions = self.having(Outcome.REGRESSION)
        found = []
        if regressions:
            found.append(f"{_counted(len(regressions), 'regression')} in {_names(row.cell for row in regressions)}")
        if self.failures:
            found.append(f"{_counted(len(self.failures), 'cell')} lost or failing in {_names(self.failures)}")
        if found:
            return "; ".join(found)
        if self.invalid:
            return f"measurement invalid: {self.invalid}"
        undecided = self.having(Outcome.UNDECIDED)
        if undecided:
            found.append(f"undecided: {_counted(len(undecided), 'figure')} of {_names(row.cell for row in undecided)}")
        if self.left_out:
            found.append(f"not measured, as the budget has no time for it: {', '.join(self.left_out)}")
        if found:
            return "; ".join(found)
        doubtful = sum(row.metric.decides and bool(row.doubt) for row in self.rows)
        return "nothing found" + (f"; {_counted(doubtful, 'figure')} doubtful" if doubtful else "")


def examine(results: Results, ended: bool = True) -> Gate:
    """Compare the run's two variants by the rules it was made with. ResultsError if it is no run of two."""
    variants = list(results.run.get("variants") or {})
    settings = results.run.get("gate")
    if len(variants) != 2 or not settings:
        raise ResultsError(f"{results.folder}: no run of the gate; name one that `run_bench.py gate` made")
    base, head = variants
    rules = Rules.of(settings)
    table = tabulate(results)
    failures, broken, absent = lost(results, table, base, head)
    aside = {*failures, *broken, *absent}
    sound = {cell: forms for cell, forms in cells(results).items() if {base, head} <= set(forms) and cell not in aside}
    lines = lines_of(table)
    rows, series = [], {}
    for cell, forms in sound.items():
        for metric in METRICS:
            row = row_of(cell, metric, lines[cell, base], lines[cell, head])
            found = losses(metric, forms[base], forms[head])
            rows.append(row := with_gaps(row, found.values()))
            if found and not row.doubt:
                series[cell, metric] = Series(found, margin_of(metric, settings))
    blocks = int(results.windows["block"].max()) + 1 if len(results.windows) else 0
    deciding = {key: one for key, one in series.items() if key[1].decides}
    decided = decision.decide(deciding, rules, blocks, ended)
    decided |= {key: decision.summary(list(one.losses.values())) for key, one in series.items() if key not in deciding}
    rows = [_with_decision(row, series, decided, rules) for row in rows]
    invalid = _invalid(results, rows, broken, blocks, rules, ended)
    left_out = tuple(results.run.get("left_out") or ())
    return Gate(results, table, base, head, rules, rows, deciding, failures, broken, absent, left_out, invalid,
                reading=_reading(rules, settings))  # fmt: skip


def lines_of(table: pd.DataFrame) -> dict[tuple[Cell, str], pd.Series]:
    """The lines of cells.csv by cell and variant."""
    return {(_cell(line), str(line["variant"])): line for _, line in table.iterrows()}


def row_of(cell: Cell, metric: Metric, base: pd.Series, head: pd.Series) -> Row:
    """A figure of a cell, from its lines in cells.csv, with what is doubtful about it."""
    doubt = _doubt(metric, base, head) if metric.rounds else ""
    return Row(cell, metric, float(base[metric.column]), float(head[metric.column]), None, doubt)


def _doubt(metric: Metric, base: pd.Series, head: pd.Series) -> str:
    kinds = [[doubt.kind for doubt in touching(line, metric.column) if doubt.kind not in SPARED]
             for line in (base, head)]  # fmt: skip
    of_both = [kind.phrase for kind in kinds[0] if kind in kinds[1]]
    of_one = [
        f"{kind.phrase} ({line['variant']})"
        for line, found in zip((base, head), kinds, strict=True)
        for kind in found
        if kind.phrase not in of_both
    ]
    return ", ".join(of_both + of_one)


def with_gaps(row: Row, blocks: Collection[float]) -> Row:
    """Doubtful where blocks tell nothing of it: to leave them out would be to leave out the worst."""
    gaps = sum(value != value for value in blocks)
    if row.doubt or not row.metric.rounds or (blocks and not gaps):
        return row
    return replace(row, doubt=f"no figure in {gaps} of {_counted(len(blocks), 'block')}: too few requests, or answers")


def _with_decision(row: Row, series: Mapping[Any, Series], decided: Mapping[Any, Decision], rules: Rules) -> Row:
    key = (row.cell, row.metric)
    if key not in decided:
        return row
    spread = decision.deviation(list(series[key].losses.values()))
    shown = decision.detectable(spread, len(series[key].losses), rules, series[key].margin)
    return replace(row, decision=decided[key], spread=spread, detectable=shown)


def lost(
    results: Results, table: pd.DataFrame, base: str, head: str
) -> tuple[dict[Cell, str], dict[Cell, str], dict[Cell, str]]:
    """Cells that only head fails in, that only base fails in, and that there is nothing to compare of; and why.

    What the load generator failed in is no fault of a server's.
    """
    reasons: dict[tuple[Cell, str], str] = {}
    for _, line in results.failures.iterrows():
        if line["fault"] == "server":
            reasons.setdefault((_cell(line), str(line["variant"])), str(line["reason"]))
    for (cell, variant), line in lines_of(table).items():
        if line["limited_by"] == "errors" and pd.notna(line["windows"]):
            reasons.setdefault((cell, variant), FAILING.phrase)
    failures: dict[Cell, str] = {}
    broken: dict[Cell, str] = {}
    absent: dict[Cell, str] = {}
    there = {(_cell(line), str(line["variant"])) for _, line in table.iterrows()}
    for cell in dict.fromkeys(cell for cell, _ in there):
        older, newer = (reasons.get((cell, variant), "") for variant in (base, head))
        if older and newer:
            absent[cell] = newer
        elif (cell, base) not in there:
            absent[cell] = f"{base} has no such cell"
        elif older:
            broken[cell] = older
        elif newer or (cell, head) not in there:
            failures[cell] = newer or f"{head} has no such cell"
    return failures, broken, absent


def _cell(line: pd.Series) -> Cell:
    return Cell(str(line["strategy"]), tuple(line[name] for name in POINT))


def _reading(rules: Rules, settings: Mapping[str, float]) -> tuple[str, ...]:
    return (
        "change: of head by base, ± the 95 % interval over n blocks of fresh servers, "
        f"{UNSHOWN}. shows: the loss that would have been shown in 95 of 100 cases.",
        f"A regression is confirmed on blocks of its own (all of them together: a false alarm in at most "
        f"{rules.alarms:.0%} of runs) and above {rules.floor:.0%}. "
        f"The margin is {settings['margin']:.0%}, of the p99 {settings['p99_margin']:.0%}.",
    )


def margin_of(metric: Metric, settings: Mapping[str, float]) -> float:
    """The loss that must not go unseen, as a share of the base."""
    return settings["p99_margin"] if metric.name == "p99" else settings["margin"]


def _invalid(
    results: Results, rows: list[Row], broken: Mapping[Cell, str], blocks: int, rules: Rules, ended: bool
) -> str:
    """Why the run as a whole decides nothing; empty if it does."""
    outcome = results.run.get("outcome")
    if ended and outcome != "complete":
        return f"the run was {outcome}, not complete"
    if ended and blocks < rules.first_look:
        return f"{_counted(blocks, 'block')} measured, {rules.first_look} are needed"
    if broken:
        return "; ".join(f"{cell.strategy} fails in what it is compared with: {why}" for cell, why in broken.items())
    if not any(row.metric.decides and row.decision for row in rows):
        return "every figure that decides is doubtful" if rows else "no cell could be compared"
    return ""


def _names(cells: Any) -> str:
    return ", ".join(dict.fromkeys(cell.strategy for cell in cells))


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
