"""What stands in the squares of a heat map: words, and how far each is from even; of the picture and of the page."""

from math import log

import axes
from analysis.judging.unkindness import LASTS, LONG, SIZE, Kind, Square

MOST = 10.0  # a ratio from which on all are of the same colour
UNTOLD = 0.35  # of the colour, where a ratio isn't told apart from 1
BOUNDS = (0.01, 100.0)  # beyond them an interval says nothing


def heading(kind: Kind) -> str:
    """Who is there, over a column, and below it how many."""
    who, size = kind
    if who == LONG:
        return f"a {LONG}\n{axes.AXES[LASTS].write(size)}"
    return f"{axes.AXES['company'].say(who).removeprefix('beside ')}\n{axes.AXES[SIZE].write(size)}"


def said(square: Square) -> str:
    """What stands in a square."""
    if square.why_not:
        return square.why_not
    digits = 2 if square.ratio.value < 10 else 0
    return f"\N{MULTIPLICATION SIGN} {square.ratio.value:.{digits}f}" + " ?" * bool(square.doubts)


def interval(square: Square) -> str:
    """Its interval; nothing where it has none."""
    low, high = square.ratio.low, square.ratio.high
    if square.why_not or low != low:
        return ""
    least, most = BOUNDS
    return f"{f'{low:.2f}' if low > least else f'<{least:g}'} to {f'{high:.2f}' if high < most else f'>{most:g}'}"


def heat(square: Square) -> float:
    """How far it is from 1: from -1 (a tenth of it) to 1 (ten times); less where that isn't shown."""
    if square.why_not or not square.ratio.value > 0:
        return 0.0
    warm = max(-1.0, min(1.0, log(square.ratio.value) / log(MOST)))
    return warm if square.is_shown else UNTOLD * warm
