"""What a run knows of the cause under a verdict: CPU time, page faults, switches and system calls of those compared."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.claims.verdicts import Verdict
from analysis.judging.crossovers import LEAST_VALUES as MOST_PLACES
from analysis.records.points import member
from analysis.records.reading import Results

COLUMNS = {
    "server_cpu_us_per_request": "µs of CPU",
    "server_user_us_per_request": "µs in the program",
    "server_system_us_per_request": "µs in the kernel",
    "server_minor_faults_per_request": "page faults",
    "voluntary_switches_per_request": "switches to wait",
    "threads": "threads",
    "processes": "processes",
    "limited_by": "limited by",
}
TICKS = ("server_user_us_per_request", "server_system_us_per_request")
SYSTEM_CALLS = "system calls"


def causes(verdict: Verdict, results: Results) -> Iterator[tuple[str, dict[str, str]]]:
    """Of each cell that the deciding rule asked: its name, and what a request cost it, by the names of columns."""
    rule = verdict.deciding
    seen: set[str] = set()
    for cell in (rule.cells if rule else ())[-2 * MOST_PLACES :]:
        name = member(cell)
        if name in seen:
            continue
        seen.add(name)
        told = {words: _written(cell, column) for column, words in COLUMNS.items()}
        told[SYSTEM_CALLS] = _calls(str(cell["strategy"]), results.probes)
        if known := {words: value for words, value in told.items() if value}:
            yield name, known


def _written(cell: Mapping[str, Any], column: str) -> str:
    value = cell.get(column)
    if value is None or value is pd.NA or value != value or value == "":
        return ""
    if column in TICKS and not value:  # it was less than the kernel's tick
        return ""
    return value if isinstance(value, str) else f"{float(value):.3g}"


def _calls(strategy: str, probes: pd.DataFrame) -> str:
    """Of one client's request, where they were counted."""
    asked = probes[(probes["probe"] == "anatomy") & (probes["strategy"] == strategy) & (probes["case"] == "1 client")]
    found = asked[asked["figure"] == "system_calls"]["value"].dropna()
    return f"{float(found.iloc[0]):.3g}" if len(found) else ""
