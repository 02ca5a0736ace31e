"""The rates that a run has found so far, read on from where its file was left."""

import json
from math import inf, log
from pathlib import Path
from statistics import fmean
from typing import Any

from axes import AXES


class Rates:
    """Of windows.jsonl of a run that goes on: each cell's rates, in requests per second, block by block."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0  # bytes
        # place of the group -> what a cell is called in it -> (block, round) -> its windows
        self._rates: dict[int, dict[str, dict[tuple[int, int], list[float]]]] = {}
        # place of the group -> what a cell is called in it -> its strategy and variant, the axis along, its value there
        self._along: dict[int, dict[str, tuple[str, str, Any]]] = {}

    def read_on(self) -> None:
        """Take up the windows that have come since: those that figures come from, whole lines."""
        with open(self._path, "rb") as lines:
            lines.seek(self._read)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                row = json.loads(line)
                if row["kind"] == "window" and row.get("phase") != "search":
                    name = _name(row)
                    of_cell = self._rates.setdefault(row["group"], {}).setdefault(name, {})
                    if along := row["along"]:
                        told = (name.partition(" (")[0], along, row[along])
                        self._along.setdefault(row["group"], {})[name] = told
                    place = row["block"], 0 if row["load"] == "knee" else row["round"]
                    of_cell.setdefault(place, []).append(row["requests"] / row["counted_s"])

    def log_rates(self, group: int) -> dict[str, list[float]]:
        """For each cell of a group that has any, the logarithm of each block's mean rate."""
        means = {}
        for name, windows in self._rates.get(group, {}).items():
            blocks: dict[int, list[float]] = {}
            for (block, _), rates in windows.items():
                blocks.setdefault(block, []).extend(rates)
            means[name] = [fmean(rates) for rates in blocks.values()]
        return {name: [log(mean) if mean else -inf for mean in of_blocks] for name, of_blocks in means.items()}

    def along(self, group: int) -> dict[str, tuple[str, str, Any]]:
        """For each cell of a group that compares along an axis: who it is, which axis, and its value there."""
        return self._along.get(group, {})

    def rounds(self, group: int) -> dict[str, dict[tuple[int, int], float]]:
        """For each cell of a group that has any, its rate by block and round."""
        of_group = self._rates.get(group, {})
        return {name: {place: fmean(rates) for place, rates in cell.items()} for name, cell in of_group.items()}


def _name(row: dict[str, Any]) -> str:
    """What a cell is called in its group, as in tables."""
    label = f"{row['strategy']}@{row['variant']}" if row["variant"] else str(row["strategy"])
    along = row["along"]
    return f"{label} ({AXES[along].write(row[along])})" if along else label
