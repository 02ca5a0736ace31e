"""Who is on the page, and how each is drawn: the looks of the charts, as CSS and SVG have them."""

import colorsys
from collections import Counter
from collections.abc import Iterator, Mapping
from math import cos, log, pi, sin
from typing import Any, NamedTuple

import pandas as pd

from analysis.drawing import looks
from analysis.drawing.selection import TYPICAL_CLIENTS
from analysis.records.points import label

MOST, FEW = 16, 10  # strategies that are told apart in one chart; of more these are shown at first


class Entry(NamedTuple):
    """A strategy in a variant."""

    name: str
    strategy: str
    variant: str
    number: int
    light: str  # its colour on light paper
    dark: str  # and on dark
    symbol: str  # an SVG path within a square from -1 to 1
    is_chapter: bool
    family: str
    is_chosen: bool  # shown at first

    @property
    def variable(self) -> str:
        """Its colour as the style sheet has it."""
        return f"var(--s{self.number})"


def entries(run: dict[str, Any], cells: pd.DataFrame) -> list[Entry]:
    """Everyone who has a cell, in the order of the cells."""
    told = run.get("strategies") or {}
    families = {label(cell): str((told.get(cell["strategy"]) or {}).get("family") or "")
                for _, cell in cells.drop_duplicates(["strategy", "variant"]).iterrows()}  # fmt: skip
    chosen = _chosen(cells, families, str(run.get("reference")))
    found = []
    for number, (_, cell) in enumerate(cells.drop_duplicates(["strategy", "variant"]).iterrows()):
        look = looks.look(run, cell["strategy"], cell["variant"])
        is_chapter = bool((told.get(cell["strategy"]) or {}).get("listing"))
        found.append(Entry(label(cell), cell["strategy"], cell["variant"], number, look.colour, _on_dark(look.colour),
                           SYMBOLS[look.marker], is_chapter, families[label(cell)], label(cell) in chosen)
                     )  # fmt: skip
    return found


def _chosen(cells: pd.DataFrame, families: Mapping[str, str], reference: str) -> set[str]:
    """Everyone, as long as a chart has room for all; else the reference, and of each family those of highest rate."""
    if len(families) <= MOST:
        return set(families)
    measured = cells[cells["throughput_rps"].notna()]
    typical = min(measured["clients"], key=lambda number: abs(log(number / TYPICAL_CLIENTS)), default=0)
    rates: dict[str, float] = {}
    for _, cell in measured[measured["clients"] == typical].iterrows():
        rates.setdefault(label(cell), float(cell["throughput_rps"]))
    seen: Counter[str] = Counter()
    places: dict[str, int] = {}  # in its family
    for name in sorted(families, key=lambda name: (name != reference, -rates.get(name, 0.0))):
        places[name] = seen[families[name]]
        seen[families[name]] += 1
    few = min(MOST, max(FEW, len(seen)))
    return set(sorted(places, key=lambda name: places[name])[:few])  # the reference is the first of its family


def _on_dark(colour: str) -> str:
    """The same hue, so light that it shows on dark paper; what was darkest is lightest."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    shown = colorsys.hls_to_rgb(hue, 0.85 - 0.35 * lightness, saturation)
    return "#" + "".join(f"{round(255 * part):02X}" for part in shown)


def _polygon(corners: int, turn: float = 0.0) -> str:
    return _path((sin(angle), -cos(angle)) for angle in (2 * pi * (k + turn) / corners for k in range(corners)))


def _star(points: int, inner: float) -> str:
    angles = (pi * k / points for k in range(2 * points))
    return _path((r * sin(angle), -r * cos(angle)) for k, angle in enumerate(angles) for r in [inner if k % 2 else 1.1])


def _cross(turn: float) -> str:
    """A plus sign, or turned by an eighth a cross."""
    arm, corners = 0.36, []
    for k in range(4):
        for x, y in ((-arm, -1.0), (arm, -1.0), (arm, -arm)):
            angle = pi / 2 * k + turn
            corners.append((x * cos(angle) - y * sin(angle), x * sin(angle) + y * cos(angle)))
    return _path(iter(corners))


def _path(corners: Iterator[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.3f},{y:.3f}" for x, y in corners) + "Z"


# by the names of matplotlib's markers, which looks.py has
SYMBOLS = {
    "o": "M0.95,0A0.95,0.95,0,1,1,-0.95,0A0.95,0.95,0,1,1,0.95,0Z",
    "s": "M-0.85,-0.85L0.85,-0.85L0.85,0.85L-0.85,0.85Z",
    "^": _polygon(3), "v": _polygon(3, 0.5), "<": _polygon(3, -0.25), ">": _polygon(3, 0.25),
    "D": _polygon(4), "d": "M0,-1.1L0.65,0L0,1.1L-0.65,0Z",
    "P": _cross(0), "X": _cross(pi / 4), "p": _polygon(5), "h": _polygon(6), "8": _polygon(8, 0.5),
    "*": _star(5, 0.45),
}  # fmt: skip
