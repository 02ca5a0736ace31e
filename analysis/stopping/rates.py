"""The rates that a run has found so far, read on from where its file was left."""

import json
from math import inf, log
from pathlib import Path


class Rates:
    """Of windows.jsonl of a run that goes on: each cell's rates, in requests per second, block by block."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0  # bytes
        # place of the group -> what a strategy in a variant is called -> block -> its windows
        self._rates: dict[int, dict[str, dict[int, list[float]]]] = {}

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
                    name = f"{row['strategy']}@{row['variant']}" if row["variant"] else row["strategy"]
                    of_cell = self._rates.setdefault(row["group"], {}).setdefault(name, {})
                    of_cell.setdefault(row["block"], []).append(row["requests"] / row["counted_s"])

    def log_rates(self, group: int) -> dict[str, list[float]]:
        """For each strategy of a group that has any, the logarithm of each block's mean rate."""
        means = {
            name: [sum(rates) / len(rates) for rates in blocks.values()]
            for name, blocks in self._rates.get(group, {}).items()
        }
        return {name: [log(mean) if mean else -inf for mean in of_blocks] for name, of_blocks in means.items()}
