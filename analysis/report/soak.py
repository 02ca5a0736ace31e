"""What a soak shows, on the page: its findings and its chart."""

import base64
from io import BytesIO
from typing import Any

from analysis import units
from analysis.judging.soak import HOW_SURE, Course, course, findings, sentences
from analysis.records.reading import Results


def told(results: Results) -> dict[str, Any] | None:
    """The section; None of a run that is no soak."""
    seen = course(results)
    if seen is None:
        return None
    said = list(sentences(findings(results, seen), seen))
    description = f"Latency, memory, CPU time and errors over {len(seen.at_s)} seconds. {' '.join(said)}"
    return {"sentences": said, "how_sure": HOW_SURE, "picture": _picture(results), "covered": _covered(results, seen),
            "description": description}  # fmt: skip


def _covered(results: Results, seen: Course) -> str:
    """Of the time between the first second and the last, what the load generator looked at."""
    span_s = float(seen.at_s[-1] - seen.at_s[0]) + 1.0
    away_s = max(0.0, span_s - len(seen.at_s))
    return (
        f"The load generator looked away for {units.share(away_s / span_s)} of these {span_s:.0f} s, between "
        f"{len(results.windows)} windows one after the other; the server ran on, and was asked by nobody then."
    )


def _picture(results: Results) -> str:
    """The chart as the address of an image."""
    from analysis.drawing.soak import figure  # only now: most pages have none, and drawing takes a moment to load

    held = BytesIO()
    figure(results).savefig(held, format="svg", metadata={"Date": None, "Creator": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(held.getvalue()).decode()}"
