"""One fixed look per strategy, in every chart of every run.

Fourteen lines are more than colour can tell apart. The hue names the family (Okabe-Ito and Paul Tol's
muted set, safe for colour blindness), lightness and marker the member, and every line carries its name.
Listings of the chapter are dashed, later mechanisms solid.
"""

import zlib
from typing import NamedTuple

INK = "#222222"
FAINT = "#6B6B6B"
GRID = "#E4E4E4"


class Look(NamedTuple):
    """How a strategy is drawn."""

    colour: str
    marker: str


_KNOWN = {
    # one client at a time: greys
    "blocking": Look("#8C8C8C", "o"),
    "socketserver": Look("#4D4D4D", "s"),
    # a process or a thread per client: vermilion, orange
    "forking": Look("#D55E00", "^"),
    "threading": Look("#E69F00", "v"),
    # one loop over a readiness call: blues
    "select": Look("#56B4E9", "<"),
    "poll": Look("#0072B2", ">"),
    "epoll": Look("#332288", "D"),
    # Twisted: purples
    "twisted": Look("#CC79A7", "X"),
    "twisted-line": Look("#882255", "P"),
    # asyncio and its fast loop: greens
    "asyncio": Look("#117733", "p"),
    "asyncio-protocol": Look("#44AA99", "h"),
    "asyncio-buffered": Look("#999933", "8"),
    "uvloop": Look("#000000", "*"),
    # green threads
    "gevent": Look("#8C510A", "d"),
}
_COLOURS = ["#4477AA", "#EE6677", "#EE3377", "#AA3377", "#DDAA33", "#004488", "#BB5566"]
_MARKERS = ["o", "s", "^", "v", "D", "P", "X", "p", "*", "d", "<"]


def look(strategy: str, variant: str = "") -> Look:
    """The look of a strategy; an unknown one has it from its name alone, the same on every machine."""
    known = _KNOWN.get(strategy)
    if known and not variant:
        return known
    number = zlib.crc32(f"{strategy}\0{variant}".encode())
    marker = _MARKERS[number // len(_COLOURS) % len(_MARKERS)]
    return Look(known.colour if known else _COLOURS[number % len(_COLOURS)], marker)


def marker_scale(style: Look) -> float:
    """What makes markers of the same nominal size look equally large."""
    return {"*": 1.5, "D": 0.9, "X": 1.1, "P": 1.1}.get(style.marker, 1.0)


def dash(chapter: bool) -> str | tuple[int, tuple[float, float]]:
    """Line style: the chapter's listings are dashed."""
    return (0, (4.5, 1.8)) if chapter else "-"
