"""How many iterations a handler makes that is to compute for some time: counted by the harness, told to all alike.

Not by each server for itself: an iteration takes twice as long at one moment as at another, and servers that had
counted at different moments would have different work. So the number is counted once for a run, and what a block's CPU
made of it is counted again where the block begins.
"""

import json
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import axes
from harness.processes.affinity import running_on
from harness.processes.server import ServerFailed

COUNTS = ("-m", "servers.handlers", "--calibrate")  # prints how many take a millisecond
LIMIT_S = 30.0
ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Calibration:
    """Iterations that take a millisecond, of several short tries: their median and quartiles."""

    per_ms: float
    low: float
    high: float

    @property
    def record(self) -> dict[str, float]:
        """As run.json has it."""
        return asdict(self)

    def iterations(self, values: Mapping[str, Any]) -> int:
        """What a server with these settings makes for each message; 0 where its handler doesn't compute."""
        return max(1, round(self.per_ms * values["handler_us"] / 1000)) if values["handler"] == "computes" else 0


def count(cpus: Collection[int], python: str = sys.executable) -> Calibration:
    """Count on these CPUs, with this interpreter. Raises ServerFailed where that can't be done."""
    try:
        with running_on(cpus):
            told = subprocess.run([python, *COUNTS], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=LIMIT_S, check=True).stdout  # fmt: skip
        found = json.loads(told)
        low, high = found["spread"]
        return Calibration(float(found["iterations_per_ms"]), float(low), float(high))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        raise ServerFailed(f"how long a handler computes can't be counted with {python}: {error}") from None


def recount(cpus: Collection[int]) -> float | None:
    """How many take a millisecond now; None where that can't be counted."""
    try:
        return count(cpus).per_ms
    except ServerFailed:
        return None


def settings(values: Mapping[str, Any], calibration: Calibration | None) -> dict[str, Any]:
    """The axes on the server's side, with the iterations that their time comes to."""
    return dict(values) | ({axes.ITERATIONS: calibration.iterations(values)} if calibration else {})
