"""What a run of two variants shows: a row for each figure, what failed, and the exit code that follows."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import exp, nan
from typing import Any

import pandas as pd

from analysis.gate import decision, doubtful
from analysis.gate.decision import Decision, Outcome, Rules, Series
from analysis.gate.lost import Lines, lines_of, lost
from analysis.gate.series import METRICS, Cell, Metric, cells, change, losses
from analysis.judging.cells import tabulate
from analysis.records.points import POINT
from analysis.records.reading import Results, ResultsError

EXIT_NOTHING, EXIT_REGRESSION, EXIT_UNDECIDED, EXIT_INVALID = 0, 1, 3, 4
UNSHOWN = "~ where none was shown, without an interval where it was not tested"  # of how a change is written
BY_BLOCKS = (
    "each block counts alike; both figures beside it are of all blocks together, so their quotient may be another"
)


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
    absent: dict[Cell, str] = field(default_factory=dict)  # cells that both can't have here, or that are new
    gone: dict[Cell, str] = field(default_factory=dict)  # cells that died on both sides, or have figures of one alone
    hidden: dict[Cell, str] = field(default_factory=dict)  # what head looks worse in, though no figure decides it
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
        is_open = self.having(Outcome.UNDECIDED) or self.gone or self.hidden or self.left_out
        return EXIT_UNDECIDED if is_open else EXIT_NOTHING

    @property
    def aside(self) -> Iterator[tuple[str, Cell, str]]:
        """The cells of which there is more to say than figures do: what, which, and why."""
        for what, of in (
            ("failed", self.failures), ("base failed", self.broken), ("not compared", self.gone),
            ("not compared", self.absent), ("may hide a loss", self.hidden),
        ):  # fmt: skip
            for cell, why in of.items():
                yield what, cell, why

    @property
    def settled(self) -> set[tuple[int, str]]:
        """Place of the group and strategy of the cells that no more blocks would tell anything about."""
        undecided = {row.cell for row in self.having(Outcome.UNDECIDED)} | set(self.hidden)
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
        if self.hidden:
            found.append(f"undecided, as a doubt may hide a loss: {_with_reasons(self.hidden)}")
        if self.gone:
            found.append(f"undecided, as it could not be compared: {_with_reasons(self.gone)}")
        if self.left_out:
            found.append(f"not measured, as the budget has no time for it: {', '.join(self.left_out)}")
        if found:
            return "; ".join(found)
        doubts = sum(row.metric.decides and bool(row.doubt) for row in self.rows)
        found = [f"{_counted(doubts, 'figure')} doubtful"] if doubts else []
        found += [f"not compared: {_with_reasons(self.absent)}"] if self.absent else []
        elsewhere = (self.results.run["variants"][self.head] or {}).get("elsewhere")
        found += [f"changed, but no part of what is compared: {', '.join(elsewhere)}"] if elsewhere else []
        return "; ".join(["nothing found", *found])


def examine(results: Results, ended: bool = True) -> Gate:
    """Compare the run's two variants by the rules it was made with. ResultsError if it is no run of two."""
    variants = list(results.run.get("variants") or {})
    settings = results.run.get("gate")
    if len(variants) != 2 or not settings:
        raise ResultsError(f"{results.folder}: no run of the gate; name one that `run_bench.py gate` made")
    base, head = variants
    rules = Rules.of(settings)
    table = tabulate(results)
    lines = lines_of(table)
    aside = lost(results, lines, base, head)
    rows, series, hidden = [], {}, {}
    sound = {cell: forms for cell, forms in cells(results).items() if cell not in aside.cells}
    for cell, forms in sound.items():
        for metric in METRICS:
            row = row_of(cell, metric, lines[cell, base], lines[cell, head])
            found = losses(metric, forms[base], forms[head])
            rows.append(row := with_gaps(row, found.values()))
            if found and not row.doubt:
                series[cell, metric] = Series(found, margin_of(metric, settings))
        if why := hidden_in(cell, lines, forms, (base, head), rules, len(sound)):
            hidden[cell] = why
    blocks = int(results.windows["block"].max()) + 1 if len(results.windows) else 0
    deciding = {key: one for key, one in series.items() if key[1].decides}
    decided = decision.decide(deciding, rules, blocks, ended)
    decided |= {key: decision.summary(list(one.losses.values())) for key, one in series.items() if key not in deciding}
    rows = [_with_decision(row, series, decided, rules) for row in rows]
    invalid = _invalid(results, rows, aside.broken, blocks, rules, ended)
    left_out = tuple(results.run.get("left_out") or ())
    return Gate(results, table, base, head, rules, rows, deciding, *aside, hidden, left_out, invalid,
                reading=_reading(rules, settings))  # fmt: skip


def row_of(cell: Cell, metric: Metric, base: pd.Series, head: pd.Series) -> Row:
    """A figure of a cell, from its lines in cells.csv, with what is doubtful about it."""
    doubt = doubtful.about(metric, (base, head)) if metric.rounds else ""
    return Row(cell, metric, float(base[metric.column]), float(head[metric.column]), None, doubt)


def hidden_in(
    cell: Cell,
    lines: Lines,
    forms: Mapping[str, pd.DataFrame],
    names: tuple[str, str],
    rules: Rules,
    cells: int,
) -> str:
    """What head looks worse in though no figure decides it, as each is doubtful, or has no figure; or nothing.

    It is one of so many cells that are asked.
    """
    base, head = names
    both = forms[base], forms[head]
    deciding = [metric for metric in METRICS if metric.decides]
    rules = rules.among(doubtful.QUESTIONS * len(deciding) * cells)
    told = [
        doubtful.hides(metric, (lines[cell, base], lines[cell, head]), both, losses(metric, *both), rules)
        for metric in deciding
    ]
    told += [doubtful.never_answered(both), doubtful.starves(both, rules)]
    return "; ".join(dict.fromkeys(filter(None, told)))


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


def _reading(rules: Rules, settings: Mapping[str, float]) -> tuple[str, ...]:
    return (
        "change: of head by base, ± the 95 % interval over n blocks of fresh servers, "
        f"{UNSHOWN}; {BY_BLOCKS}. shows: the loss that would have been shown in 95 of 100 cases.",
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


def _with_reasons(cells: Mapping[Cell, str]) -> str:
    return ", ".join(dict.fromkeys(f"{cell.strategy} ({why})" for cell, why in cells.items()))


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
