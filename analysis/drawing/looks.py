"""How a strategy is drawn: alike in every chart of every run, whatever else is shown.

Its family gives a range of hues, as Okabe-Ito and Paul Tol chose them for all kinds of colour vision; its place in the
family gives lightness and marker. Lightness is CIELAB's, as it is what every eye tells apart. Two strategies may have
the same marker or a similar colour, never both. Listings of the chapter are dashed, later mechanisms solid.
"""

import functools
import math
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

INK = "#222222"
FAINT = "#6B6B6B"
GRID = "#E4E4E4"


class Look(NamedTuple):
    """How a strategy is drawn."""

    colour: str
    marker: str


class _Range(NamedTuple):
    """What the members of a family have in common."""

    hues: tuple[float, float]  # degrees, in CIELAB
    chroma: float
    first_marker: int


# For the families in the order of bench.toml. The numbers are the best of 20,000 that a search tried near those of
# Okabe-Ito and Tol: test_looks.py holds how far apart they keep strategies.
_RANGES = [
    _Range((0, 0), 0, 0),  # greys
    _Range((57, 73), 71, 2),  # vermilion to orange
    _Range((237, 291), 58, 4),  # sky to blue
    _Range((311, 355), 66, 7),  # purple
    _Range((146, 145), 32, 9),  # green
    _Range((89, 113), 32, 13),  # sand to olive
    _Range((198, 182), 29, 6),  # teal
    _Range((6, 6), 65, 13),  # rose
    _Range((281, 303), 60, 8),  # indigo
    _Range((108, 125), 42, 12),  # moss
    _Range((80, 320), 50, 1),  # sand, teal and purple: of those with another service, which no chart has beside others
]
_LIGHTNESS = [41, 65, 25, 53, 74]
_MARKERS = ["o", "s", "^", "v", "<", ">", "D", "X", "P", "p", "h", "8", "*", "d"]
_STRANGERS = ["#EE6677", "#DDAA33", "#882255", "#332288", "#33BBEE", "#CC3311", "#0077BB"]  # Tol's, farthest apart


def look(run: Mapping[str, Any], strategy: str, variant: str = "") -> Look:
    """The look of a strategy of a run, by what run.json says of it; a variant has the colour and another marker.

    Of those without a family each has its look from its name, or the next that none before it in the run has.
    """
    strategies = run.get("strategies") or {}
    families = list(run.get("families") or {})
    found = _known(families, strategies.get(strategy) or {})
    if not found:
        others = [name for name, told in strategies.items() if not _known(families, told or {})]
        met = [*others[: others.index(strategy)], strategy] if strategy in others else [strategy]
        found = Look(_STRANGERS[_place(met, len(_STRANGERS))], _MARKERS[_place(met, len(_MARKERS))])
    if variant:
        steps = 1 + _number(variant) % (len(_MARKERS) - 1)
        found = found._replace(marker=_MARKERS[(_MARKERS.index(found.marker) + steps) % len(_MARKERS)])
    return found


def _known(families: list[str], told: Mapping[str, Any]) -> Look | None:
    """The look of a strategy with a place in a family."""
    if told.get("place") is None or told["family"] not in families:
        return None
    return _member(families.index(told["family"]), told["place"])


def _number(name: str) -> int:
    return zlib.crc32(name.encode())


def _place(met: list[str], places: int) -> int:
    """The last one's, when each takes that of its name or the next free one; all are free again when none is."""
    taken = set[int]()
    for name in met:
        first = _number(name)
        place = next((first + on) % places for on in range(places) if (first + on) % places not in taken)
        taken = taken | {place} if len(taken) < places - 1 else set()
    return place


@functools.cache
def _member(family: int, place: int) -> Look:
    """Of the family at that place in the list, the strategy at that place in the family."""
    turn, number = divmod(family, len(_RANGES))  # a family past the last has an earlier one's colours, other markers
    (low, high), chroma, first = _RANGES[number]
    hue = low + (high - low) * (place % 3) / 2
    colour = _hex(_LIGHTNESS[place % len(_LIGHTNESS)], chroma, hue)
    return Look(colour, _MARKERS[(first + place + turn) % len(_MARKERS)])


def _hex(lightness: float, chroma: float, hue: float) -> str:
    """A colour of CIELAB (white: D65) in sRGB, as saturated as asked, or as a screen can show it."""
    a, b = (chroma * part(math.radians(hue)) for part in (math.cos, math.sin))
    middle = (lightness + 16) / 116
    x, y, z = (
        white * (root**3 if root > 6 / 29 else (root - 16 / 116) * 108 / 841)
        for white, root in ((0.9505, middle + a / 500), (1.0, middle), (1.089, middle - b / 200))
    )
    linear = [
        3.2406 * x - 1.5372 * y - 0.4986 * z,
        -0.9689 * x + 1.8758 * y + 0.0415 * z,
        0.0557 * x - 0.2040 * y + 1.0570 * z,
    ]
    if chroma and not all(-0.001 <= part <= 1.001 for part in linear):
        return _hex(lightness, max(0, chroma - 1), hue)
    shown = [12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055 for part in linear]
    return "#" + "".join(f"{round(255 * min(1, max(0, part))):02X}" for part in shown)


def marker_scale(style: Look) -> float:
    """What makes markers of the same nominal size look equally large."""
    return {"*": 1.5, "D": 0.9, "X": 1.1, "P": 1.1}.get(style.marker, 1.0)


def dash(chapter: bool) -> str | tuple[int, tuple[float, float]]:
    """Line style: the chapter's listings are dashed."""
    return (0, (4.5, 1.8)) if chapter else "-"
