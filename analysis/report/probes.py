"""What probes found, on the page: a table a probe, and sentences."""

from typing import Any

from analysis.judging.probes import TITLES, found, sentences
from analysis.records.reading import Results


def told(results: Results) -> dict[str, Any] | None:
    """The section's sentences and tables; None where nothing was probed."""
    known = found(results)
    if not known:
        return None
    tables: dict[str, list[dict[str, str]]] = {}
    for place, one in known.items():
        row = {"case": place.case, "strategy": place.strategy, "found": one.in_words}
        tables.setdefault(TITLES.get(place.probe, place.probe), []).append(row)
    return {"sentences": list(sentences(known)), "tables": list(tables.items())}
