"""The charts of the page as Vega-Lite: a figure along an axis, or in rows where there is one point.

Colours are names of CSS variables, so that light, dark and print are the style sheet's business; `in_colours` puts the
colours themselves in their place for a picture that stands alone. The page steers a chart by two signals, `shown` (the
names that are drawn), its width and its height, and by the data set `rows`. A row is a point: s who, at its place, y
the figure, low and high its bar, b the same in words, cut at which ends it is cut short, e the interval in words, h
whether it is hollow, l whether its line ends there, w the words at that end, v the figure in words, f the same with its
interval, p the place in words, d its doubts.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analysis.report.entries import Entry
from analysis.stretch import stretch

Spec = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]

WIDTH, HEIGHT, ROW = 620, 350, 26  # pixels
LETTER = 6.9  # the width of a letter, amply
TICKS = 66  # what an axis of figures takes on the left
NAMES, ROW_NAMES, ROW_WORDS = 128, 130, 240  # the most that names and words take
GAP, LEAST_GAP = 23, 16  # from one name at the lines' ends to the next
EDGE = 0.035  # of the axis, before its first and after its last value
PAPER, INK, FAINT, GRID = "var(--paper)", "var(--ink)", "var(--faint)", "var(--grid)"
ON_PAPER = {PAPER: "#ffffff", INK: "#1b1e23", FAINT: "#565b63", GRID: "#e3e5e8"}
DURATION = (
    "datum.value >= 1e6 ? format(datum.value / 1e6, '~r') + ' s' : "
    "datum.value >= 1e3 ? format(datum.value / 1e3, '~r') + ' ms' : format(datum.value, '~r') + ' µs'"
)
# of a logarithmic axis: 1, 2 and 5, as all nine of a decade have no room
ROUND = "indexof([1, 2, 5], round(datum.value / pow(10, floor(log(datum.value) / LN10 + 1e-9)))) >= 0"
LABELS = {"rate": "format(datum.value, '~s')", "duration": DURATION, "memory": "format(datum.value, ',~r') + ' KiB'",
          "ratio": "'\N{MULTIPLICATION SIGN} ' + format(datum.value, '~r')"}  # fmt: skip
ENDS: list[Spec] = [  # the names at the ends of lines: a column that is sorted as the ends are, so that nothing crosses
    {"filter": "datum.l"},
    {"window": [{"op": "row_number", "as": "slot"}], "sort": [{"field": "y", "order": "descending"}]},
    {"joinaggregate": [{"op": "count", "as": "n"}]},
    {"calculate": f"(datum.slot - 0.5) * min({GAP}, height / datum.n)", "as": "px"},
]
BAR: list[Spec] = [{"filter": "isValid(datum.low)"}]
SAID = {"s": "who", "p": "where", "v": "figure", "e": "95 %, with the machine's movement", "b": "bar, for comparing",
        "d": "doubtful"}  # fmt: skip
OF_MEMORY = {"s": "who", "p": "where", "v": "figure", "b": "least to most of its blocks", "d": "doubtful"}
OF_A_RATIO = {"s": "who", "p": "where", "f": "ratio", "b": "bar, 95 %", "d": "doubtful"}
OF_A_TAIL = {"s": "who", "p": "where", "f": "latency", "d": "doubtful"}


class Axis:
    """What is along the bottom of a chart: its title, and the values that have a name; in steps, all as far apart."""

    def __init__(
        self, title: str, ticks: Mapping[float, str], span: tuple[float, float], in_steps: bool = False
    ) -> None:
        self.title, self.ticks, self.span = title, ticks, span
        self.stretch = stretch(sorted({*ticks, *span}), in_steps)

    def spec(self) -> Spec:
        """Its encoding."""
        low, high = self.span
        domain = [self.stretch.aside(low, -EDGE, self.span), self.stretch.aside(high, EDGE, self.span)]
        if low == high:
            domain = [low - EDGE, high + EDGE]
        axis: Spec = {"title": self.title, "labelOverlap": True}
        if self.ticks:
            names = json.dumps({f"{value:.0f}": name for value, name in self.ticks.items()})
            axis |= {"values": list(self.ticks), "labelExpr": f"({names})[format(datum.value, '.0f')]"}
        else:
            axis |= {"labelExpr": LABELS["rate"], "tickCount": 6}
        scale: Spec = {"type": self.stretch.kind, "domain": domain, "nice": False}
        if self.stretch.kind == "symlog":
            scale["constant"] = self.stretch.constant
        return {"field": "at", "type": "quantitative", "axis": axis, "scale": scale}


def along(
    rows: Rows, entries: Sequence[Entry], axis: Axis, unit: str, kind: str, is_log: bool, at: Sequence[float] = ()
) -> Spec:
    """Lines over an axis, with bars and markers, and names at their ends.

    Of a tail, whose lines end anywhere, markers are at the places `at`, and nothing leads from ends to names.
    """
    x = axis.spec()
    y = _figure("y", unit, kind, is_log)
    place = {"x": x, "y": y}
    names = _width((entry.name for entry in entries), NAMES)
    words = _width((str(row["w"]) for row in rows), NAMES) if rows else NAMES
    colour, dash = _colour(entries), _dash(entries)
    end = {"y": {"value": {"expr": "datum.px"}}}
    leader = place | {"x2": {"value": {"expr": "width + 18"}}, "y2": end["y"], "color": colour}
    layers: list[Spec] = [
        {"mark": {"type": "line", "clip": True}, "encoding": place | {"color": colour, "strokeDash": dash}},
        {"transform": BAR, "mark": {"type": "rule", "strokeWidth": 1.6, "clip": True},
         "encoding": place | {"y": y | {"field": "low"}, "y2": {"field": "high"}, "color": colour}},
        *_cuts(rows, place, "y", colour),
        _markers(entries, place, 62, kind, bool(at))
        | {"transform": [{"filter": {"field": "at", "oneOf": list(at)}}] if at else []},
        {"transform": ENDS, "mark": {"type": "rule", "strokeWidth": 0.8, "opacity": 0.7}, "encoding": leader},
        _markers(entries, end | {"x": {"value": {"expr": "width + 26"}}}, 62, kind, bool(at)) | {"transform": ENDS},
        _text(end, "width + 36", "s", INK, names) | {"transform": ENDS},
        _text(end, f"width + {36 + names + 8}", "w", FAINT, words) | {"transform": ENDS},
    ]  # fmt: skip
    if at:
        layers = [layer for layer in layers if layer["encoding"] is not leader]
    if not any(row["low"] for row in rows):
        del layers[1]  # the library complains of a bar that is nowhere
    if kind == "ratio":
        layers.insert(0, _one("y"))
    beside = TICKS + 36 + names + 8 + words
    shown = sum(entry.is_chosen for entry in entries)
    chart = _chart(rows, entries, layers, beside) | {"height": max(HEIGHT, LEAST_GAP * shown)}
    chart["usermeta"] |= {"height": HEIGHT, "gap": LEAST_GAP}  # by which the page makes it higher for many
    chart["usermeta"]["words"] = words  # the last layer, which a narrow screen has no room for
    return chart


def in_rows(rows: Rows, entries: Sequence[Entry], unit: str, kind: str, is_log: bool) -> Spec:
    """A row for each strategy, the largest figure on top."""
    x = _figure("x", unit, kind, is_log)
    y = {"field": "s", "type": "nominal", "sort": {"field": "y", "op": "max", "order": "descending"},
         "axis": {"title": None, "grid": True, "domain": False, "ticks": False, "labelLimit": ROW_NAMES,
                  "labelColor": INK}}  # fmt: skip
    place = {"x": x, "y": y}
    words = _width((str(row["f"]) for row in rows), ROW_WORDS)
    layers: list[Spec] = [
        {"transform": BAR, "mark": {"type": "rule", "strokeWidth": 2, "clip": True},
         "encoding": {"x": x | {"field": "low"}, "x2": {"field": "high"}, "y": y, "color": _colour(entries)}},
        *_cuts(rows, place, "x", _colour(entries)),
        _markers(entries, place, 90, kind, False),
        _text({"y": y}, "width + 10", "f", INK, words),
    ]  # fmt: skip
    if not any(row["low"] for row in rows):
        del layers[0]
    if kind == "ratio":
        layers.insert(0, _one("x"))
    beside = _width((entry.name for entry in entries), ROW_NAMES) + 10 + words
    return _chart(rows, entries, layers, beside) | {"height": {"step": ROW}}


def in_colours(spec: Spec, entries: Sequence[Entry]) -> Spec:
    """The same chart with the colours of light paper in it."""
    text = json.dumps(spec)
    for variable, colour in (ON_PAPER | {entry.variable: entry.light for entry in entries}).items():
        text = text.replace(f'"{variable}"', f'"{colour}"')
    coloured: Spec = json.loads(text)
    return coloured | {"background": "#ffffff"}


def _figure(side: str, unit: str, kind: str, is_log: bool) -> Spec:
    scale = {"type": "log", "nice": False, "padding": 8} if is_log else {"type": "linear", "zero": True}
    wide = f"domain('{side}')[1] > 4 * domain('{side}')[0]"  # else steps are even
    label = f"!({wide}) || {ROUND} ? ({LABELS[kind]}) : ''" if is_log else LABELS[kind]
    axis = {"title": unit, "labelExpr": label, "tickCount": 10 if is_log else 7, "labelOverlap": "greedy"}
    return {"field": "y", "type": "quantitative", "scale": scale, "axis": axis}


def _by_name(entries: Sequence[Entry], values: Iterable[Any]) -> Spec:
    scale = {"domain": [entry.name for entry in entries], "range": list(values)}
    return {"field": "s", "type": "nominal", "scale": scale, "legend": None}


def _colour(entries: Sequence[Entry]) -> Spec:
    return _by_name(entries, (entry.variable for entry in entries))


def _dash(entries: Sequence[Entry]) -> Spec:
    """Listings of the chapter are dashed."""
    return _by_name(entries, ([5, 2.5] if entry.is_chapter else [1, 0] for entry in entries))


def _cuts(rows: Rows, place: Spec, side: str, colour: Spec) -> list[Spec]:
    """An arrow where a bar goes on beyond the picture."""
    arrows = {"y": {"low": "triangle-down", "high": "triangle-up"},
              "x": {"low": "triangle-left", "high": "triangle-right"}}[side]  # fmt: skip
    return [
        {"transform": [{"filter": f"datum.cut && indexof(datum.cut, '{end}') >= 0"}],
         "mark": {"type": "point", "filled": True, "opacity": 1, "shape": shape, "size": 30},
         "encoding": place | {side: place[side] | {"field": end}, "color": colour}}
        for end, shape in arrows.items() if any(end in row.get("cut", "") for row in rows)
    ]  # fmt: skip


def _markers(entries: Sequence[Entry], place: Spec, size: int, kind: str, is_tail: bool) -> Spec:
    colour = _colour(entries)
    hollow = {"condition": {"test": "datum.h", "value": PAPER}} | colour
    told = OF_A_TAIL if is_tail else {"ratio": OF_A_RATIO, "memory": OF_MEMORY}.get(kind, SAID)
    said = [{"field": field, "title": title} for field, title in told.items()]
    return {
        "mark": {"type": "point", "filled": True, "opacity": 1, "size": size, "strokeWidth": 1.6},
        "encoding": place | {"fill": hollow, "stroke": colour, "tooltip": said,
                             "shape": _by_name(entries, (entry.symbol for entry in entries))},
    }  # fmt: skip


def _text(place: Spec, left: str, field: str, colour: str, limit: int) -> Spec:
    mark = {"type": "text", "align": "left", "baseline": "middle", "fontSize": 12, "limit": limit, "color": colour}
    return {"mark": mark, "encoding": place | {"x": {"value": {"expr": left}}, "text": {"field": field}}}


def _width(texts: Iterable[str], most: int) -> int:
    """What texts take, in pixels; longer ones are cut short."""
    return min(most, round(LETTER * max(map(len, texts), default=0)) + 4)


def _one(side: str) -> Spec:
    """The reference's own line in a chart of ratios."""
    return {"mark": {"type": "rule", "color": FAINT, "strokeDash": [2, 3]}, "encoding": {side: {"datum": 1}},
            "data": {"values": [{}]}}  # fmt: skip


def _chart(rows: Rows, entries: Sequence[Entry], layers: list[Spec], beside: int) -> Spec:
    """`beside` is what it takes of a page's width beside its axes, in pixels."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": WIDTH,
        "usermeta": {"beside": beside + 12},
        "params": [{"name": "shown", "value": [entry.name for entry in entries if entry.is_chosen]}],
        "datasets": {"rows": list(rows)},
        "data": {"name": "rows"},
        "transform": [{"filter": "indexof(shown, datum.s) >= 0"}],
        "layer": layers,
        "config": {
            "background": None, "font": "system-ui, 'DejaVu Sans', sans-serif", "view": {"stroke": None}, "aria": False,
            "line": {"strokeWidth": 1.8},
            "axis": {"labelColor": FAINT, "titleColor": INK, "gridColor": GRID, "domainColor": FAINT,
                     "tickColor": FAINT, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
        },
    }  # fmt: skip
