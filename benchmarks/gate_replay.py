"""How often does the gate cry wolf, and what does it find? (`python -m benchmarks.gate_replay RESULTS`)

RESULTS is a run of the working tree against itself (`run_bench.py gate --calibrate`), 60 blocks or more of each
strategy. Whole gates are replayed from its blocks, by the code that decides in earnest: blocks are drawn with
replacement, the same ones for all cells, and base and head are swapped at random in each, so that nothing
differs. For the power a known loss is laid upon one figure of one strategy. `--chart FILE` draws the curve.
"""

import argparse
import random
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import log1p
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib import rc_context

from analysis.drawing.line_ends import End, label_ends
from analysis.drawing.looks import FAINT, GRID, INK, look
from analysis.drawing.sheet import SETTINGS, save, sheet
from analysis.gate.decision import Outcome, Rules, Series, decide, deviation
from analysis.gate.result import examine
from analysis.records.reading import ResultsError, read

CELLS = (1, 8, 24)
LOSSES = (0.02, 0.03, 0.05, 0.10)
QUIET = 0.03  # a block's spread, under which the gate promises to find 5 % in a minute
SECONDS = (30.0, 60.0)  # of measuring a cell
BATCHES = 2  # processes

Key = tuple[int, str, str]  # which copy of the strategy, its name, its figure
Recorded = Mapping[tuple[str, str], Mapping[int, float]]


@dataclass(frozen=True)
class Calibration:
    """Losses of a strategy against itself, by block, and what the gate goes by."""

    losses: Recorded
    margins: Mapping[str, float]  # by figure
    rules: Rules
    blocks: int
    block_s: float  # of windows, for a cell
    run: Mapping[str, Any]  # as run.json has it

    @property
    def strategies(self) -> list[str]:
        return list(dict.fromkeys(name for name, _ in self.losses))

    def within(self, seconds: float) -> int:
        """Blocks of a cell in so much time of measuring."""
        return int(seconds / self.block_s)


class Planted(NamedTuple):
    key: Key
    loss: float  # as a share


def replay(
    recorded: Calibration, strategies: Sequence[str], blocks: int, planted: Planted | None, seed: int
) -> dict[Key, Outcome]:
    """One gate over these strategies, each with its figures; a name that occurs again is drawn anew."""
    dice = random.Random(seed)
    copies: dict[int, list[tuple[int, int]]] = {}  # for each copy the blocks that it meets, and which way round
    series: dict[Key, Series] = {}
    for place, name in enumerate(strategies):
        copy = strategies[:place].count(name)
        if copy not in copies:
            copies[copy] = [(dice.randrange(recorded.blocks), dice.choice((-1, 1))) for _ in range(blocks)]
        for (strategy, figure), losses in recorded.losses.items():
            if strategy == name:
                extra = log1p(planted.loss) if planted and planted.key == (copy, name, figure) else 0.0
                met = {at: sign * losses[block] + extra for at, (block, sign) in enumerate(copies[copy])}
                series[copy, name, figure] = Series(met, recorded.margins[figure])
    return {key: one.outcome for key, one in decide(series, recorded.rules, blocks, ended=True).items()}


def alarms(recorded: Calibration, strategies: Sequence[str], blocks: int, seeds: range) -> tuple[int, int]:
    """In how many replays anything was called a regression; and anything changed at all."""
    found = [set(replay(recorded, strategies, blocks, None, seed).values()) for seed in seeds]
    regressions = sum(Outcome.REGRESSION in outcomes for outcomes in found)
    return regressions, sum(bool(outcomes & {Outcome.REGRESSION, Outcome.IMPROVEMENT}) for outcomes in found)


def detections(recorded: Calibration, planted: Planted, blocks: int, seeds: range) -> int:
    """In how many replays of a gate of that strategy alone the planted loss was called a regression."""
    strategies = [planted.key[1]]
    return sum(replay(recorded, strategies, blocks, planted, seed)[planted.key] == Outcome.REGRESSION for seed in seeds)


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        recorded = calibration(options.results)
    except ResultsError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{options.results}: {len(recorded.strategies)} strategies, {recorded.blocks} blocks of "
          f"{recorded.block_s:.2f} s of measuring each; {options.replays:,} replays")  # fmt: skip
    with ProcessPoolExecutor(BATCHES) as pool:
        batches = [range(first, options.replays, BATCHES) for first in range(BATCHES)]
        for cells in CELLS:
            names = (recorded.strategies * cells)[:cells]
            gates = [names] if cells > 1 else [[name] for name in recorded.strategies]
            counted = [list(pool.map(partial(alarms, recorded, gate, options.blocks), batches)) for gate in gates]
            regressions, changes = (max(sum(batch[kind] for batch in of) for of in counted) for kind in (0, 1))
            print(f"{cells:2} cells, up to {options.blocks} blocks: {regressions / options.replays:.2%} of the gates "
                  f"report a regression, {changes / options.replays:.2%} any change"
                  + (" (the worst of the strategies)" if cells == 1 else ""), flush=True)  # fmt: skip
        curves = {}
        for (name, figure), losses in recorded.losses.items():
            width = deviation(list(losses.values()))
            line = f"{name:10} {figure:11} spread {width:5.1%}{'' if width < QUIET else ' (noisy)':8}"
            for seconds in SECONDS:
                found = {}
                for loss in LOSSES:
                    planted = Planted((0, name, figure), loss)
                    work = partial(detections, recorded, planted, recorded.within(seconds))
                    few = [range(batch.start, options.power_replays, BATCHES) for batch in batches]
                    found[loss] = sum(pool.map(work, few)) / options.power_replays
                curves[name, figure, seconds] = found
                line += f"  {seconds:.0f} s: " + ", ".join(f"{loss:.0%} {share:.1%}" for loss, share in found.items())
            print(line, flush=True)
    if options.chart:
        draw(recorded, curves, options.chart)
    return 0


def calibration(folder: Path) -> Calibration:
    """What a calibration recorded; blocks that any figure lacks are left out. ResultsError."""
    results = read(folder)
    gate = examine(results)
    found = {(cell.strategy, metric.name): one for (cell, metric), one in gate.series.items()}
    if not found:
        raise ResultsError(f"{folder}: no figure that decides; take a run of gate --calibrate")
    shared = sorted(set.intersection(*(set(one.losses) for one in found.values())))
    measured = results.windows["loader_wall_s"].sum() + results.perturbed["loader_wall_s"].sum()
    strategies = {name for name, _ in found}
    return Calibration(
        {key: {at: one.losses[block] for at, block in enumerate(shared)} for key, one in found.items()},
        {metric: one.margin for (_, metric), one in found.items()},
        gate.rules,
        len(shared),
        float(measured) / len(strategies) / results.windows["block"].nunique(),
        results.run,
    )


def draw(recorded: Calibration, curves: Mapping[tuple[str, str, float], Mapping[float, float]], file: Path) -> None:
    """How often a loss is found, by its size, after the shorter and the longer time."""
    figures = list(dict.fromkeys(figure for _, figure in recorded.losses))
    with rc_context(SETTINGS):
        what = f"by its size, after {SECONDS[-1]:.0f} s of measuring a cell · replayed from {recorded.blocks} blocks"
        sheet_ = sheet("How often a loss is found", what)
        panels = [sheet_.add_axes((0.06 + 0.32 * at, 0.13, 0.155, 0.68)) for at in range(len(figures))]
        for axes, figure in zip(panels, figures, strict=True):
            axes.axhline(95, color=FAINT, lw=0.8, ls="--")
            axes.set(ylim=(-2, 103), xlim=(1.5, 10.2), xlabel="loss in %")
            axes.set_title(figure, loc="left", size=12.5, color=INK)
            axes.grid(color=GRID, lw=0.8)
            ends = []
            for (name, of, seconds), found in curves.items():
                if of == figure and seconds == SECONDS[-1]:
                    width, style = deviation(list(recorded.losses[name, figure].values())), look(recorded.run, name)
                    shown = [share * 100 for share in found.values()]
                    quiet = width < QUIET
                    axes.plot([loss * 100 for loss in found], shown, color=style.colour, ls="-" if quiet else ":")
                    ends.append(End(10, shown[-1], name, f"spread {width:.1%}", style, not quiet))
            label_ends(axes, ends, 9.5)
        panels[0].set_ylabel("found, % of gates")
        sheet_.text(0.035, 0.03, "dotted: a block's spread is 3 % or more here, so that the promise isn't given",
                    size=9.5, color=FAINT)  # fmt: skip
    save(sheet_, file.with_suffix(""))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate_replay", description="the gate's error rates")
    parser.add_argument("results", metavar="RESULTS", type=Path)
    parser.add_argument("--replays", type=int, default=10_000)
    parser.add_argument("--power-replays", type=int, default=1_000, help="for each point of the power curves")
    parser.add_argument("--blocks", type=int, default=60, help="that the budget has time for")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw the power curves there, as PNG and SVG")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
