"""Head's figures in Bencher Metric Format (bencher.dev/docs/reference/bencher-metric-format): benchmark, measure,
value, with the interval as its bounds."""

import json

from analysis.gate import words
from analysis.gate.result import Gate, Row

SLUGS = {"throughput": "throughput", "server CPU": "server-cpu", "p99": "latency-p99", "p50": "latency-p50",
         "context switches": "context-switches", "memory": "memory"}  # fmt: skip


def render(gate: Gate) -> str:
    """JSON; doubtful figures are left out, as the format has no word for them. Empty if none is left."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in gate.rows:
        if not row.doubt and row.head == row.head:
            name = f"{row.cell.strategy} ({words.point(row.cell, gate)})"
            found.setdefault(name, {})[SLUGS[row.metric.name]] = _metric(row)
    return json.dumps(found, indent=1, allow_nan=False) + "\n" if found else ""


def _metric(row: Row) -> dict[str, float]:
    """The interval is that of the change, on top of base: what base and head share is no doubt of a comparison."""
    low, high = row.interval
    if low != low:
        return {"value": row.head}
    return {"value": row.head, "lower_value": row.head * (1 + low) / (1 + row.change),
            "upper_value": row.head * (1 + high) / (1 + row.change)}  # fmt: skip
