"""Runs of claims whose truth is known: claims as run.json has them, over invented windows."""

import json
from pathlib import Path
from typing import Any

import axes
from analysis.claims.verdicts import Verdict, verdicts
from analysis.judging.cells import tabulate
from analysis.records.reading import Results, read
from harness.config import claims
from harness.config import read as configured
from harness.plan import trial
from harness.plan.trial import Trial
from harness.probes import PROBES
from tests.support.made_up import USUAL, MadeUp
from tests.support.project import ROOT

BENCH = ROOT / "bench.toml"
QUIET: dict[str, Any] = {"window_noise": 0.0, "block_noise": 0.003, "drift": 0.0, "blocks": 6, "rounds": 2}


def point(**values: Any) -> dict[str, Any]:
    """A cell's place as run.json has it."""
    return axes.recorded(USUAL | {"clients": 100} | values) | {axes.ALONG: ""}


def rule(figure: str = "throughput_rps", *points: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A rule as run.json has it."""
    told = {"figure": figure, "who": "", "by": "", "case": "", "kind": "level", "axis": "", "at_least": None,
            "at_most": None, "margin": 0.02, "points": list(points) or [point()]}  # fmt: skip
    return told | given


def claim(name: str, *rules: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A claim as run.json has it."""
    said = {
        "name": name,
        "text": f"{name}.",
        "source": "",
        "means": "",
        "changes": "",
        "not_testable": "",
        "lacking": "",
    }
    return said | {"rules": list(rules)} | given


def run_of(folder: Path, *told: dict[str, Any], made: MadeUp | None = None) -> Results:
    """A made-up run in which these claims were tried."""
    made = made or MadeUp(groups=[(100, 64)], **QUIET)
    made.write(folder)
    run = json.loads((folder / "run.json").read_text())
    run |= {"claims": list(told), "claims_title": "mine"}
    (folder / "run.json").write_text(json.dumps(run))
    return read(folder)


def judged(results: Results) -> dict[str, Verdict]:
    """The verdicts by the names of their claims."""
    return {one.name: one for one in verdicts(results, tabulate(results))}


def planned(folder: Path, text: str) -> Trial:
    """The trial of a file with that text."""
    file = folder / "mine.toml"
    file.write_text(text)
    config = configured(BENCH)
    told, path = claims.read(str(file), config, PROBES)
    return trial.make(config, told, path, config.trial["quick"], None, None)
