"""The record of a sitting, which is what a benchmark of the benchmark found at one time.

It is a line in benchmarks/proofs/CLAIM.jsonl: figures, revision, machine, command and the noise of the hour. A
benchmark that is started with `--record` appends it here by itself; nobody writes one by hand. A sitting that speaks
against its claim is kept like any other.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from analysis.noise import estimated
from benchmarks.stage import ROOT, configuration, stage
from harness import machine
from harness.doctor import noise
from harness.processes.loader import LoaderFailed
from harness.processes.server import ServerFailed

FOLDER = ROOT / "benchmarks" / "proofs"
MACHINE = ("cpu", "cores", "kernel", "python")
BUDGET_S = 60.0

Hour = dict[str, float]


@dataclass(frozen=True)
class Figure:
    """One figure of a sitting; `low` and `high` are what the claim says of them: an interval, or a range."""

    of: str
    value: float | None  # None in old lines, where only the range is known
    low: float | None = None
    high: float | None = None
    n: int | None = None  # of what it was taken from


@dataclass(frozen=True)
class Sitting:
    """One line of a claim's record. Old lines lack what their document didn't say."""

    claim: str
    at: str
    commit: str | None
    command: str | None
    machine: Mapping[str, Any]
    hour: Hour | None  # shown_in_60_s: the smallest difference that shows in 60 s, as doctor measures it
    took_s: float | None
    figures: Sequence[Figure]
    said: str | None = None  # how the hour was called, where it wasn't measured


def read(claim: str, folder: Path = FOLDER) -> list[Sitting]:
    """All sittings of a claim, the newest last; none of one that wasn't tried yet."""
    record = folder / f"{claim}.jsonl"
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    found = [json.loads(line) for line in lines]
    sittings = [Sitting(**told | {"figures": [Figure(**figure) for figure in told["figures"]]}) for told in found]
    return sorted(sittings, key=lambda sitting: sitting.at)


def add_option(parser: argparse.ArgumentParser) -> None:
    """The option of every benchmark that proves a claim."""
    parser.add_argument("--record", action="store_true", help="append the figures to benchmarks/proofs")


def hour_now(blocks: int = noise.BLOCKS, block_s: float = noise.BLOCK_S) -> Hour:
    """The noise of this hour, measured as doctor does: half a minute. Raises ServerFailed or LoaderFailed."""
    config = configuration()
    with stage(config, {}) as theatre:
        pairs = noise.measure(theatre, config.strategies[config.reference], lambda done, what: None, blocks, block_s)
    shown = estimated(pairs.blocks, pairs.round_s, pairs.block_cost_s).smallest_difference(BUDGET_S)
    assert shown is not None
    return {f"shown_in_{BUDGET_S:.0f}_s": round(shown, 4)}


def keep(
    found: Mapping[str, Sequence[Figure]],
    *,
    said: str | None = None,
    measure_hour: Callable[[], Hour] = hour_now,
    folder: Path = FOLDER,
) -> None:
    """Append a line for each claim. With `said` the hour isn't measured: the figures are of another one."""
    took_s = round(time.time() - psutil.Process().create_time(), 1)
    hour = None
    if said is None:
        try:
            hour = measure_hour()
        except (ServerFailed, LoaderFailed) as failure:  # what took an hour isn't thrown away for it
            said = f"not measured: {failure}"
    facts = machine.facts()
    for claim, figures in found.items():
        told = asdict(
            Sitting(
                claim=claim,
                at=datetime.now(UTC).isoformat(timespec="minutes"),
                commit=_commit(),
                command=command(sys.orig_argv),
                machine={name: facts[name] for name in MACHINE},
                hour=hour,
                said=said,
                took_s=took_s,
                figures=figures,
            )
        )
        if hour is not None:
            del told["said"]
        with (folder / f"{claim}.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(told) + "\n")
    print(f"recorded: {', '.join(found)}; `make proofs` writes docs/proofs.md")


def over(of: str, values: Sequence[float]) -> Figure:
    """The median of several values, with their range."""
    return Figure(of, rounded(statistics.median(values)), rounded(min(values)), rounded(max(values)), len(values))


def rounded(value: float) -> float:
    """A figure as it is kept: more digits than four say nothing."""
    return float(f"{value:.4g}")


def command(arguments: Sequence[str]) -> str:
    """A command line as others would type it: without the folders of this machine."""
    told = [Path(one).name if Path(one).is_absolute() else one for one in arguments[1:]]
    return shlex.join(["python", *told])


def _commit() -> str | None:
    """The revision, marked where files differ from it; None outside of git."""
    try:
        commit, changed = (
            subprocess.run(["git", *asked], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
            for asked in (
                ["rev-parse", "--short=12", "HEAD"],
                ["status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks/proofs", ":!docs"],
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + "-dirty" * bool(changed)
