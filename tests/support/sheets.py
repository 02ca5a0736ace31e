"""What can be read on a sheet of charts, and whether it can."""

import itertools

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.drawing.charts import planned
from analysis.records.reading import Results


def chart_of(name: str, results: Results, cells: pd.DataFrame) -> Figure:
    """One chart of a run: to draw the others takes time."""
    return dict(planned(results, cells))[name]()


def words(figure: Figure) -> list[Text]:
    """What can be read on the sheet; ticks beyond an axis' ends are not drawn."""
    unseen = set()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        unseen |= {tick.label1 for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high}
    texts = figure.findobj(Text)
    return [text for text in texts if text not in unseen and text.get_visible() and text.get_text().strip()]


def said(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in words(figure))


def assert_legible(figure: Figure) -> None:
    """No text overlaps another or leaves the sheet."""
    figure.draw_without_rendering()
    sheet = figure.bbox
    boxes = [(text.get_text(), text.get_window_extent()) for text in words(figure)]
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= sheet.x1, text
        assert box.y1 <= sheet.y1, text
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        # boxes hold room for ascenders and descenders; a few pixels of that may be shared
        assert width <= 1 or height <= 5, f"{one!r} overlaps {other!r}"
