"""Servers that are attached beside their like of the run's own, as if the windows of both had gone alike.

So the hour makes no difference: a server that answers nobody in a window, as on a busy machine, leaves its like
without a ratio, and a request that is still open leaves a cell without a mean. What a record doesn't tell of any
window of those that are attached stays untold.
"""

import csv
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from analysis.judging.cells import tabulate, write
from analysis.records.reading import read
from tests.support.bench import Bench


def cells(bench: Bench, folder: Path, like: Mapping[str, str], **point: str) -> dict[str, dict[str, str]]:
    """The lines of cells.csv at this point, by strategy; `like` has for each attached one whose windows it gets."""
    there = [row for name in like for row in bench.windows(name)]
    told = {field for row in there for field, value in row.items() if value is not None}
    own = {field: there[0][field] for field in ("variant", "network_round_trip_us")}
    copies = [
        {field: value if field in told else None for field, value in row.items() if field in there[0]}
        | {"strategy": name}
        | own
        for name, model in like.items()
        for row in bench.rows()
        if row["kind"] in ("window", "perturbed") and row["strategy"] == model
    ]
    rows = [row for row in bench.rows() if row["strategy"] not in like] + copies
    shutil.copy(bench.folder / "run.json", folder)
    (folder / "windows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    results = read(folder)
    with write(results, tabulate(results)).open() as file:
        return {cell["strategy"]: cell for cell in csv.DictReader(file) if point.items() <= cell.items()}
