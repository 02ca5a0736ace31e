"""Key and foot of a chart of cells."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.doubts import touching
from analysis.drawing.selection import Selection
from analysis.drawing.sheet import foot, key
from analysis.judging.standing import moved
from analysis.records.points import CELL_KEYS

PLAIN = "bars: 95 % intervals over blocks"
COMPARING = (
    "bars: for comparing strategies at one x; a pair that doesn't touch differs at about 5 %; "
    "the 95 % interval is wider"
)


def caption(selection: Selection) -> str:
    """What bars are: for comparing where something is compared."""
    return COMPARING if moved(selection.measured) else PLAIN


def finish(
    figure: Figure, selection: Selection, shown: pd.DataFrame, name: str, reading: str = "", has_points: bool = True
) -> Figure:
    """Key, where it has points, and foot of a chart whose figure is this column."""
    blocks = selection.measured["blocks"].astype(int)
    rounds = selection.results.windows.merge(selection.measured[CELL_KEYS]).groupby([*CELL_KEYS, "block"]).size()
    starved = bool((shown["starved"] > 0).any())
    if has_points:
        key(figure, starved=starved, doubtful=any(touching(cell, name) for _, cell in shown.iterrows()))
    foot(figure, selection.results.run, list(blocks), list(rounds), selection.notes(shown, name),
         reading or caption(selection), moved(selection.measured))  # fmt: skip
    return figure
