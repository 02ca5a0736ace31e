"""`run_bench.py doctor`: what this machine can measure, and what to do where that is little.

Facts first: `examine` gives a `Diagnosis`; `keep` puts it where runs look for it, `say` tells it to a person.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.markup import escape
from rich.table import Table

from harness import machine, terminal
from harness.config import Config, ConfigError
from harness.doctor import ceiling, findings, noise
from harness.doctor.ceiling import NotBuilt, Point
from harness.doctor.findings import Facts, Finding
from harness.doctor.noise import Estimate, Noise
from harness.processes.loader import LoaderFailed
from harness.processes.server import ServerFailed
from harness.processes.stage import Stage
from harness.processes.watchdog import Watchdog

SCHEMA = 2
FILE = "doctor.json"
WATCH_BRIEFLY_S = 0.2  # before a run
START_S = 3.0  # the load generator
MOST_CLIENTS = 500  # of a server
BUDGETS_S = (10.0, 60.0, 600.0)  # for which the smallest difference that shows is told
SHOWN_IN_A_MINUTE = 0.03  # a machine that can't show a smaller difference in 60 s is noisy
NO_COMPILER = "not measured: no C compiler; install gcc"


@dataclass(frozen=True)
class Extent:
    """How long is looked at what."""

    watch_s: float = 2.0
    blocks: int = noise.BLOCKS
    block_s: float = noise.BLOCK_S
    points: tuple[tuple[int, int], ...] = ceiling.POINTS
    counted_s: float = ceiling.COUNTED_S

    @property
    def noise_from_s(self) -> float:
        return self.watch_s + START_S

    @property
    def ceiling_from_s(self) -> float:
        return self.noise_from_s + self.blocks * self.block_s

    @property
    def expected_s(self) -> float:
        return self.ceiling_from_s + len(self.points) * ceiling.POINT_S


WHOLE = Extent()


@dataclass(frozen=True)
class Diagnosis:
    findings: list[Finding]
    loop: str | None  # the load generator's: "compiled" or "python"; None if it didn't start
    noise: Noise | None  # None: not measured, and a finding says why
    ceiling: list[Point] | None


def visit(config: Config, results: Path, estimate: Estimate, extent: Extent = WHOLE) -> None:
    """All that the command does: examine, keep in `results`, say. Raises ConfigError where it can't be kept.

    `estimate` gives the noise that pairs of rates show.
    """
    _writable(results)
    with Watchdog() as watchdog, terminal.progress(extent.expected_s, "s") as tell:
        diagnosis = examine(config, watchdog, tell, estimate, extent)
    path = keep(diagnosis, results)
    say(diagnosis)
    terminal.say(f"Kept in {escape(str(path))}; runs into this folder draw the load generator's ceiling from it.")


def examine(
    config: Config, watchdog: Watchdog, tell: Callable[[float, str], None], estimate: Estimate, extent: Extent
) -> Diagnosis:
    """Look at everything, the cheap things first; what can't be measured becomes a finding that says why."""
    tell(0, "watching what else runs here")
    server_cpus, loader_cpus = machine.share_cpus(config, workers=1)
    facts = findings.look(server_cpus, loader_cpus, config.strategies.values(), extent.watch_s)
    found = [finding(facts) for finding in findings.ALL]
    loop, noisy, points = None, None, None
    tell(extent.watch_s, "starting the load generator")
    try:
        machine.raise_descriptor_limit(2 * MOST_CLIENTS + machine.DESCRIPTORS_ASIDE)
        backlog = min(2 * MOST_CLIENTS, machine.backlog_limit())
        with TemporaryDirectory() as folder, Stage(config, watchdog, Path(folder), server_cpus=server_cpus,
                                                   loader_cpus=loader_cpus, backlog=backlog) as stage:  # fmt: skip
            ready = stage.start_loader()
            loop = ready["loop"]
            found.append(loop_finding(loop, ready["why"]))
            heard = _later(tell, extent.noise_from_s)
            reference = config.strategies[config.reference]
            pairs = noise.measure(stage, reference, heard, extent.blocks, extent.block_s)
            noisy = estimate(pairs.blocks, pairs.round_s, pairs.block_cost_s)
            found.append(noise_finding(noisy))
            if facts.compiler is not None:
                heard = _later(tell, extent.ceiling_from_s)
                points = ceiling.measure(stage, facts.compiler, Path(folder), heard, extent.points, extent.counted_s)
            found.append(ceiling_finding(points, NO_COMPILER))
    except NotBuilt as failure:
        found.append(ceiling_finding(None, f"not measured: {failure}"))
    except (ServerFailed, LoaderFailed) as failure:
        found.append(failure_finding(failure))
    return Diagnosis(found, loop, noisy, points)


def loop_finding(loop: str, why: str) -> Finding:
    return Finding(
        "load generator",
        loop == "compiled",
        f"its hot loop is {loop}" + f" ({why})" * bool(why),
        "the Python loop takes as much CPU time for a request as the fastest servers do, and may limit them",
        "install gcc and run `make setup` anew",
    )


def noise_finding(found: Noise) -> Finding:
    shown = found.smallest_difference(60)
    return Finding(
        "noise",
        shown is not None and shown <= SHOWN_IN_A_MINUTE,
        f"one strategy under two names: {found.ratio:.3f} ({found.ratio_low:.3f} to {found.ratio_high:.3f}); "
        f"smallest difference that shows: {_shares(found)}",
        "smaller differences are not told from chance",
        "take more blocks (a longer profile), a quieter hour or a machine of your own",
    )


def ceiling_finding(points: Sequence[Point] | None, otherwise: str) -> Finding:
    fastest = max(points, key=lambda point: point.requests_per_second) if points else None
    return Finding(
        "ceiling",
        bool(fastest),
        f"{_rate(fastest)} requests/s (clients: {fastest.clients}, messages: {fastest.message_size} B)"
        if fastest
        else otherwise,
        "no server can be seen to do more than the load generator asks for",
        "install gcc: the server that it is measured against is written in C",
    )


def failure_finding(failure: Exception) -> Finding:
    return Finding(
        "measurement",
        False,
        f"not measured: {failure}",
        "a run would fail the same way",
        "run_bench.py check says what is wrong with a server; the load generator's requirements come with `make setup`",
    )


def keep(diagnosis: Diagnosis, results: Path) -> Path:
    """Write it to `results`; returns the path. Raises ConfigError."""
    record = {
        "schema": SCHEMA,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.facts(),
        "loop": diagnosis.loop,
        "noise": _noise_record(diagnosis.noise) if diagnosis.noise else None,
        "ceiling": [asdict(point) for point in diagnosis.ceiling] if diagnosis.ceiling else None,
        "findings": [asdict(finding) for finding in diagnosis.findings],
    }
    path = results / FILE
    draft = path.with_suffix(".tmp")
    try:
        draft.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise _unwritable(results, error) from None
    return path


def _noise_record(found: Noise) -> dict[str, Any]:
    smallest = {f"{budget:g}": found.smallest_difference(budget) for budget in BUDGETS_S}
    told = {"clients": noise.CLIENTS, "message_size": noise.SIZE, "smallest_difference": smallest}
    return found.as_record() | told


def ceiling_for(results: Path, loop: str) -> list[dict[str, Any]] | None:
    """The load generator's ceiling as run.json has it; None unless it was measured on this machine with this loop."""
    try:
        record = json.loads((results / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    told = (record.get("schema"), record.get("machine"), record.get("loop")) if isinstance(record, dict) else None
    return record.get("ceiling") if told == (SCHEMA, machine.facts(), loop) else None


def warnings(config: Config, workers: int = 1) -> list[str]:
    """What a run should say before it starts, a line each; takes a fifth of a second and measures nothing."""
    server_cpus, loader_cpus = machine.share_cpus(config, workers)
    facts = findings.look(server_cpus, loader_cpus, strategies=[], seconds=WATCH_BRIEFLY_S)
    return warnings_about(facts)


def warnings_about(facts: Facts) -> list[str]:
    return [str(found) for finding in findings.BEFORE_A_RUN if not (found := finding(facts)).ok]


def say(diagnosis: Diagnosis) -> None:
    """A line for each finding; where one isn't in order, why it matters and what to do."""
    width = max(len(finding.name) for finding in diagnosis.findings)
    for finding in diagnosis.findings:
        word = "[green]ok     [/]" if finding.ok else "[yellow]warning[/]"
        terminal.say(f"{word}  [bold]{finding.name:{width}}[/]  {escape(finding.seen)}")
        if not finding.ok:
            indent = " " * (len("warning") + 2 + width + 2)
            terminal.say(f"{indent}why: {escape(finding.why)}")
            terminal.say(f"{indent}remedy: {escape(finding.remedy)}")
    if diagnosis.ceiling:
        table = Table("clients", "message", "the load generator reaches", box=None, header_style="bold")
        for point in diagnosis.ceiling:
            table.add_row(str(point.clients), f"{point.message_size} B", f"{_rate(point)} requests/s")
        terminal.console.print(table)


def _rate(point: Point) -> str:
    return "at least " * point.lower_bound + f"{point.requests_per_second:,.0f}"


def _shares(found: Noise) -> str:
    """`3.1% in 10 s, ...`: only what can be shown at all."""
    shares = {budget: found.smallest_difference(budget) for budget in BUDGETS_S}
    return ", ".join(f"{share:.1%} in {_span(budget)}" for budget, share in shares.items() if share is not None)


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _writable(results: Path) -> None:
    """Before a minute is spent on what can't be kept."""
    try:
        results.mkdir(parents=True, exist_ok=True)
        draft = results / f".{FILE}"
        draft.touch()
        draft.unlink()
    except OSError as error:
        raise _unwritable(results, error) from None


def _unwritable(results: Path, error: OSError) -> ConfigError:
    return ConfigError(f"--results {results}: can't be written: {error.strerror}; name another folder")


def _later(tell: Callable[[float, str], None], seconds: float) -> Callable[[float, str], None]:
    """For a part of the whole: it counts from its own beginning."""
    return lambda done, what: tell(seconds + done, what)
