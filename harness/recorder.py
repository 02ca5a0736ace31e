"""The results folder of a run: written as things happen, so that whatever was measured is readable.

run.json says what, where and how; windows.jsonl has one line for each window or failed cell, in the file before
the next begins and on the disk after each block. schema.toml has their fields. analysis/ reads them; nothing here
computes.
"""

import contextlib
import json
import os
import shutil
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import axes
from harness import folders, machine, notes, source
from harness.accounts.surroundings import STEAL_SHARE
from harness.config import Strategy
from harness.notes import Note
from harness.plan.group import Group
from harness.plan.plan import Plan
from harness.plan.precision import Precision
from harness.processes.calibration import Calibration

ROOT = Path(__file__).resolve().parent.parent
VERSION = tomllib.loads((ROOT / "schema.toml").read_text(encoding="utf-8"))["version"]
NEVER_BEGAN = ("interrupted", "refused")  # where there is no record
SPARE_BYTES = 128 << 10  # more than a run.json has
Ceiling = Callable[[str], list[dict[str, Any]] | None]  # of a hot loop, as run.json has it


class Recorder:
    def __init__(self, results: Path, plan: Plan, command: Sequence[str], ceiling: Ceiling = lambda loop: None) -> None:
        """Make DIR/<run-id>; DIR/latest points to it from its first record on. Raises ConfigError if that can't be.

        `ceiling` gives what is known of the load generator's, once it has told which hot loop serves.
        """
        started = datetime.now(UTC)
        self._plan = plan
        self._ceiling = ceiling
        self.folder = folders.new(results, f"{started:%Y%m%d-%H%M%S}-{plan.profile}")
        self.logs = self.folder / "logs"
        self._run = _describe(self.folder.name, started, plan, command)
        self._write_run()
        self.windows = self.folder / "windows.jsonl"
        self._windows = open(self.windows, "a", encoding="utf-8")  # noqa: SIM115 (closed by finish)
        self._began = time.monotonic()
        self._in_windows_s = 0.0
        self._still_s = 0.0
        self.tell: Callable[[Note], None] = lambda note: None  # whoever waits for the run
        self.measured = False  # whether there is any window
        self._is_begun = False  # whether there is any record
        self._spare = self.folder / ".spare"
        self._spare.write_bytes(bytes(SPARE_BYTES))

    def claims(self, title: str, claims: list[dict[str, Any]]) -> None:
        """What is tried: the claims of a file, with the cells that their rules ask."""
        self._run |= {"claims": claims, "claims_title": title}
        self._write_run()

    def begin_measuring(self) -> None:
        self._began = time.monotonic()

    def unchecked(self, label: str, reason: str) -> None:
        """It fails the conformance check and is measured all the same."""
        self._run["unchecked"][label] = reason
        self._write_run()

    def warned(self, warnings: Sequence[str]) -> None:
        """What stood in the way when it began."""
        self._run["warnings"] = list(warnings)
        self._write_run()

    def required(self, limits: Sequence[str]) -> None:
        """What every cell is to keep, as it was written."""
        self._run["requirements"] = list(limits)
        self._write_run()

    def calibrated(self, calibration: Calibration) -> None:
        """What a handler's time comes to."""
        self._run["calibration"] = calibration.record
        self._write_run()

    def loader(self, loop: str, why: str) -> None:
        """Which hot loop serves, and why not the compiled one."""
        self._run["loader_loop"] = loop
        self._run["loader_ceiling"] = self._ceiling(loop)
        self._write_run()
        if loop == "python":
            self.note(notes.python_loop(why))

    def workers(self, there: list[dict[str, Any]]) -> None:
        """Who makes the load, where some are on other hosts."""
        self._run["loader_workers"] = there
        self._write_run()

    def round_trip(self, found: dict[str, Any]) -> None:
        """What a small exchange takes between a worker's host and a server's."""
        self._run["round_trips"].append(found)
        self._write_run()

    def window(self, name: str, group: Group, place: dict[str, Any], observed: dict[str, Any]) -> None:
        """A window; one in which the loader was slowed down on purpose is of another kind, and is no figure."""
        self.measured = True
        self._in_windows_s += observed["loader_wall_s"] / observed["workers"]
        self.stood_still(observed["still_s"])
        kind = "perturbed" if observed["spin_ns"] else "window"
        row = {"kind": kind, **self._cell(name, group), **place, "workers": self._plan.workers}
        label = self._plan.entries[group][name].strategy.label
        self._append(row | {"checked": label not in self._run["unchecked"]} | observed)

    def failure(self, name: str, group: Group, block: int, reason: str, skipped: bool, fault: str = "server") -> None:
        """`fault`: whose it is, the server's or the loader's."""
        status = "skipped" if skipped else "failed"
        place = {"block": block, "group": self._plan.groups.index(group), "status": status, "reason": reason,
                 "fault": fault}  # fmt: skip
        self._append({"kind": "failure", **self._cell(name, group), **place})

    def footprint(self, name: str, group: Group, block: int, found: dict[str, Any]) -> None:
        """What a server held and did in a group."""
        place = {"block": block, "group": self._plan.groups.index(group)}
        self._append({"kind": "footprint", **self._cell(name, group), **place, **found})

    def balance(self, name: str, group: Group, block: int, worker: int, found: dict[str, Any]) -> None:
        """What one worker of a server got in a group."""
        place = {"block": block, "group": self._plan.groups.index(group), "worker": worker}
        self._append({"kind": "balance", **self._cell(name, group), **place, **found})

    def beside(self, file: str, record: dict[str, Any]) -> None:
        """A line of a file beside windows.jsonl, on the disk when this returns."""
        self.measured = True
        with open(self.folder / file, "a", encoding="utf-8") as lines:
            lines.write(json.dumps(record) + "\n")
            lines.flush()
            os.fsync(lines.fileno())
        self._begun()

    def stood_still(self, spent_s: float) -> None:
        """So many seconds were spent on freezing servers, and on waiting for them to rest."""
        self._still_s += spent_s

    def note(self, note: Note) -> None:
        """Keep what a reader of the results must know; the same thing once."""
        if asdict(note) not in self._run["notes"]:
            self._run["notes"].append(asdict(note))
            self._write_run()
            self.tell(note)

    def block_ended(self) -> None:
        """What it has shown outlives the machine from now on. Not after each window: to wait for a disk is load."""
        os.fsync(self._windows.fileno())

    def surroundings(self, found: dict[str, Any]) -> None:
        """What was taken from the block that has ended."""
        self._run["surroundings"].append(found)
        self._write_run()
        if found["steal_s"] > STEAL_SHARE * found["cpu_s"]:
            self.note(notes.stolen())
        if found["throttled"]:
            self.note(notes.throttled())

    def finish(self, outcome: str) -> None:
        """The last word. On a full disk there is room for it, and what can't be written of the rest is lost."""
        self._spare.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it was told when it came up
            self._windows.close()
        if outcome in NEVER_BEGAN and not self._is_begun:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        self._run["outcome"] = outcome
        self._run["finished_at"] = datetime.now(UTC).isoformat(timespec="seconds")
        self._run["measuring"] = {
            "seconds": round(time.monotonic() - self._began, 3),
            "in_windows_seconds": round(self._in_windows_s, 3),
            "still_seconds": round(self._still_s, 3),
        }
        self._write_run()

    @property
    def is_kept(self) -> bool:
        """Whether there is a folder: of a run that never began nothing is left."""
        return self.folder.exists()

    @property
    def share_in_windows(self) -> float:
        return float(self._run["measuring"]["in_windows_seconds"] / self._run["measuring"]["seconds"])

    def _cell(self, name: str, group: Group) -> dict[str, Any]:
        entry = self._plan.entries[group][name]
        cell = {"strategy": entry.strategy.name, "variant": entry.strategy.variant}
        # what a group chose stays: who is skipped there is, as it can't be chosen
        usual = [name for name in axes.of_owner() if entry.values[name] == self._plan.usual[name]]
        not_known = dict.fromkeys(usual) if entry.strategy.attach else {}
        return cell | axes.recorded(entry.values) | not_known | {axes.ALONG: group.along}

    def _append(self, row: dict[str, Any]) -> None:
        self._windows.write(json.dumps(row) + "\n")
        self._windows.flush()
        self._begun()

    def _begun(self) -> None:
        """From the first record on there is something to be seen, and DIR/latest points to it."""
        if not self._is_begun:
            self._is_begun = True
            with contextlib.suppress(OSError):  # it could be linked a moment ago, and no run is ended for it
                folders.link(self.folder)

    def _write_run(self) -> None:
        path = self.folder / "run.json"
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(self._run, indent=1) + "\n", encoding="utf-8")
        draft.replace(path)


def _describe(run_id: str, started: datetime, plan: Plan, command: Sequence[str]) -> dict[str, Any]:
    return {
        "schema": VERSION,
        "run_id": run_id,
        "started_at": started.isoformat(timespec="seconds"),
        "finished_at": None,
        "outcome": "running",
        "command": list(command),
        **source.told(ROOT),
        "interpreter": sys.implementation.name,
        "seed": plan.seed,
        "profile": plan.profile,
        "reference": plan.config.reference,
        "strategies": {
            strategy.name: _strategy(strategy, plan.config.place(strategy.name))
            for strategy in plan.strategies.values()
        },
        "families": {name: family.waits for name, family in plan.config.families.items()},
        "variants": plan.variants,
        "blocks": plan.blocks,
        "rounds": plan.rounds,
        "axes": axes.as_record(plan.usual),
        "groups": [_group(plan, group) for group in plan.groups],
        "workers": plan.workers,
        "hosts": {
            "from_hosts": plan.hosts.elsewhere,
            "listen": plan.hosts.address if plan.hosts.elsewhere else None,
            "on_loss": "go-on" if plan.hosts.goes_on else "stop",
        },
        "loader_workers": [],
        "round_trips": [],
        "server_cpus": plan.server_cpus if plan.servers_cpus else [],
        "loader_cpus": plan.loader_cpus if plan.workers > plan.hosts.elsewhere else [],
        "company_cpus": plan.company_cpus,
        "window": plan.config.window.model_dump(),
        "open": plan.config.open.model_dump(),
        "knee": plan.config.knee.model_dump(),
        "verdict": plan.config.verdict.model_dump(),
        "gate": None if plan.gate is None else plan.gate.model_dump(),
        "loadgen": plan.config.loadgen.model_dump(),
        "loader_loop": None,
        "loader_ceiling": None,
        "precision": None if plan.precision is None else _precision(plan.precision, plan.budget_s),
        "servers": plan.config.servers.model_dump() | {"backlog": plan.backlog},
        "machine": machine.facts(),
        "versions": machine.versions(),
        "limits": machine.limits(),
        "calibration": None,
        "unchecked": {},
        "claims": [],
        "claims_title": "",
        "requirements": [],
        "left_out": plan.left_out,
        "warnings": [],
        "notes": [asdict(note) for note in plan.notes],
        "surroundings": [],
        "measuring": {"seconds": 0.0, "in_windows_seconds": 0.0, "still_seconds": 0.0},
    }


def _group(plan: Plan, group: Group) -> dict[str, Any]:
    not_known = {} if any(plan.entries[group][name].is_own for name in plan.members(group)) else axes.of_owner()
    return axes.recorded(group.values) | dict.fromkeys(not_known) | {axes.ALONG: group.along}


def _strategy(strategy: Strategy, place: int | None) -> dict[str, Any]:
    return {
        "command": strategy.command or None,
        "attach": strategy.attach or None,
        "address": strategy.address or None,
        "elsewhere": strategy.is_elsewhere,
        "family": strategy.family,
        "place": place,
        "listing": strategy.listing,
        "one_at_a_time": strategy.serves == 1,
        "serves": strategy.serves,
        "workers": strategy.workers,
        "handler": strategy.handler,
        "fixed": strategy.fixed,
    }


def _precision(asked: Precision, budget_s: float) -> dict[str, float]:
    return {
        "target": asked.target,
        "first_look": asked.first_look,
        "widened": asked.widened,
        "budget_s": budget_s,
    }
