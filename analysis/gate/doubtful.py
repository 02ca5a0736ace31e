"""What is doubtful of a figure at base and at head, and whether a loss may hide there.

A doubtful figure decides nothing. But where head is what made it so, by never answering, by getting slower within
a window, or by taking longer than windows are, a run that passes would pass for the fault itself. So what looks worse
there, by the rule by which a figure becomes a candidate, is undecided. All figures of a gate share the rate at which
that rule takes chance for a loss: else equals would often be undecided where there are many cells.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis import doubts
from analysis.doubts import Kind, touching
from analysis.gate.decision import Rules, looks_worse
from analysis.gate.series import Metric
from analysis.judging.evidence import log_drift
from analysis.judging.served import unserved
from analysis.statistics import supported

# Absolute rates that move between blocks move on both sides; what doesn't cancel is in the interval.
SPARED = (doubts.UNSTABLE, doubts.PACED, doubts.MOVED)
# They tell of faults that no threshold makes of noise: whoever has them alone is the worse for it.
GROSS = (doubts.UNANSWERED_TAIL, doubts.TIMED_OUT, doubts.UNRECONCILED, doubts.OFF_LITTLES_LAW, doubts.NOT_ITS_OWN)
QUESTIONS = 2  # that are asked of a figure: whether its doubt is worse at head, and whether it is itself
PERCENT = 99  # of the percentile that decides
Forms = tuple[pd.DataFrame, pd.DataFrame]  # windows of base and of head
Lines = tuple[pd.Series, pd.Series]  # their lines in cells.csv


def about(metric: Metric, lines: Lines) -> str:
    """Why a figure is doubtful, and on which side if on one."""
    kinds = _kinds(metric, lines)
    of_both = [kind.phrase for kind in kinds[0] if kind in kinds[1]]
    of_one = [
        f"{kind.phrase} ({line['variant']})"
        for line, found in zip(lines, kinds, strict=True)
        for kind in found
        if kind.phrase not in of_both
    ]
    return ", ".join(of_both + of_one)


def hides(metric: Metric, lines: Lines, forms: Forms, losses: Mapping[int, float], rules: Rules) -> str:
    """Why a loss may hide behind the doubts that only one side has; empty if it doesn't look like that.

    `losses` are those of the figure, with NaN in blocks that tell nothing of it.
    """
    older, newer = (set(found) for found in _kinds(metric, lines))
    shown = [kind.phrase for kind in GROSS if kind in newer - older]
    if doubts.DRIFTING in newer - older and looks_worse(_drifts(forms), rules):
        shown.append(doubts.DRIFTING.phrase)
    if not shown and older != newer and looks_worse([loss for loss in losses.values() if loss == loss], rules):
        shown = [kind.phrase for kind in doubts.KINDS if kind in older ^ newer]
    return ", ".join(shown)


def never_answered(forms: Forms) -> str:
    """Of head alone: blocks in which so many requests had no answer that a p99 lies among them; or nothing."""
    older, newer = (_without_p99(windows) for windows in forms)
    blocks = len(newer - older)
    return f"requests without an answer in {blocks} block{'s' * (blocks > 1)}" if blocks else ""


def starves(forms: Forms, rules: Rules) -> str:
    """How many clients head leaves unserved, where base serves more of them; or nothing."""
    older, newer = (unserved(windows) for windows in forms)
    most = [max(of.values(), default=0) for of in (older, newer)]
    more = [float(newer[block] - older[block]) for block in newer if block in older]
    if most[1] <= most[0] or (most[0] and not (len(more) > 1 and looks_worse(more, rules))):
        return ""
    return f"up to {most[1]} clients are never served, with base {most[0]}"


def _kinds(metric: Metric, lines: Lines) -> list[list[Kind]]:
    return [[doubt.kind for doubt in touching(line, metric.column) if doubt.kind not in SPARED] for line in lines]


def _drifts(forms: Forms) -> list[float]:
    """How much further head drifts than base in each block, the way that it does."""
    older, newer = (log_drift(windows) for windows in forms)
    direction = float(np.sign(sum(newer.values())))
    return [direction * (newer[block] - older[block]) for block in newer if block in older]


def _without_p99(windows: pd.DataFrame) -> set[int]:
    of_blocks = windows.groupby("block")[["requests", "unfinished"]].sum()
    return {int(block) for block, *sent in of_blocks.itertuples() if _is_unanswered(*sent)}


def _is_unanswered(answered: float, unanswered: float) -> bool:
    total = answered + unanswered
    return supported(int(total), PERCENT) and unanswered * 100 > (100 - PERCENT) * total
