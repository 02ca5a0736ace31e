"""Cost and latency at the same rate, on the page: sentences, a chart, a table a rate."""

import base64
from io import BytesIO
from typing import Any

import pandas as pd

from analysis.judging.at_rate import rates, sentence
from analysis.records.reading import Results


def told(results: Results, cells: pd.DataFrame) -> dict[str, Any] | None:
    """The section; None where nobody is compared at a rate."""
    found = list(rates(results, cells))
    if not found:
        return None
    said = list(filter(None, map(sentence, found)))
    return {"rates": found, "sentences": said, "pictures": _pictures(results, cells, " ".join(said))}


def _pictures(results: Results, cells: pd.DataFrame, description: str) -> list[dict[str, str]]:
    from matplotlib import rc_context  # only now: most pages have none, and drawing takes a moment to load

    from analysis.drawing.cost import cost_and_latency
    from analysis.drawing.selection import selections
    from analysis.drawing.sheet import SETTINGS

    pictures = []
    for _, selection in selections(results, cells, "open"):
        for _, part in selection.points_alone():
            if part.entries > 1:
                held = BytesIO()
                with rc_context(SETTINGS):
                    cost_and_latency(part).savefig(held, format="svg", metadata={"Date": None, "Creator": None})
                source = f"data:image/svg+xml;base64,{base64.b64encode(held.getvalue()).decode()}"
                pictures.append({"source": source, "description": description})
    return pictures
