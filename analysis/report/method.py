"""How a run was measured, on what, and what repeats it."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.judging.standing import moved
from analysis.records.machine import machine
from analysis.records.reading import Results


def command(run: Mapping[str, Any]) -> str:
    """What repeats the run, as a shell takes it."""
    return shlex.join([".venv/bin/python", *map(str, run.get("command") or ["run_bench.py"])])


def facts(results: Results, cells: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """A term and what it is, as far as run.json tells."""
    run = results.run
    seed = run.get("seed")
    yield (
        "Profile, seed",
        f"{run.get('profile') or '?'}, {'?' if seed is None else seed}: a run with the same seed and as many rounds "
        "visits the servers in the same order",
    )
    yield (
        "Repeated",
        f"{run.get('blocks', '?')} blocks of fresh server processes, {run.get('rounds', '?')} rounds each; every "
        "interval and every rank counts blocks",
    )
    yield "On", "; ".join([", ".join(machine(run)) or "an unknown machine", *_cpus(run), "loopback"])
    if versions := run.get("versions"):
        yield "With", ", ".join(f"{name} {version}" for name, version in versions.items())
    times = f"{run.get('started_at') or '?'} to {run.get('finished_at') or 'not finished'}"
    yield "From, to", f"{times}: {run.get('outcome') or 'outcome unknown'}"
    if len(cells) and (sentence := moved(cells)):
        yield "The machine", sentence


def _cpus(run: Mapping[str, Any]) -> Iterator[str]:
    for name, words in (("server_cpus", "servers on CPU"), ("loader_cpus", "load from CPU")):
        if run.get(name):
            yield f"{words} {', '.join(map(str, run[name]))}"
