"""Does the gate find a tenth more CPU per message, and nothing else? (`python -m benchmarks.planted_loss [FOLDER]`)

In a clone of this repository one strategy's server is made to burn a tenth more CPU for each message: how many turns
of an empty loop that takes is measured first. Five gates must end in 1 by server CPU per request and name that
strategy alone; with the work taken out again a gate must end in 0. The chart of the last planted one goes to FOLDER as
gate.png, and with `--record` what was found is kept as a sitting. Nothing else may run on the machine meanwhile.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from analysis.gate.decision import Outcome
from analysis.gate.result import Gate, examine
from analysis.records.reading import read
from benchmarks import sitting
from benchmarks.sitting import Figure
from benchmarks.stage import ROOT

GATES = 5
STRATEGY, FILE = "poll", "servers/readiness/poll_loop.py"
COMPARED = f"select,{STRATEGY},epoll"
BEFORE = "            reply = client.received(data)\n"
EXTRA = 0.10
FIRST_TURNS = 200  # turns of the loop
BUDGET = "3m"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planted_loss", description="is a planted loss found?")
    parser.add_argument("folder", nargs="?", type=Path, help="the last planted gate's chart goes there")
    sitting.add_option(parser)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        project = Path(folder, "project")
        subprocess.run(["git", "clone", "--quiet", ROOT, project], check=True)
        for built in (ROOT / "loadgen").glob("*.so"):
            (project / "loadgen" / built.name).symlink_to(built)
        source = (project / FILE).read_text()
        assert source.count(BEFORE) == 1, f"{FILE} has changed"

        def plant(turns: int) -> None:
            work = f"            for _ in range({turns}):\n                pass\n" if turns else ""
            (project / FILE).write_text(source.replace(BEFORE, work + BEFORE))

        plant(FIRST_TURNS)
        _, first = _gate(project, STRATEGY, seed=100)
        cost = next(row.change for row in first.rows if row.metric.name == "server CPU")
        turns = round(FIRST_TURNS * EXTRA / cost)
        print(f"{FIRST_TURNS} turns cost {cost:+.1%}; planted: {turns} turns", flush=True)
        right = 0
        for seed in range(GATES):
            plant(turns)
            code, found = _gate(project, COMPARED, seed)
            named = {(row.cell.strategy, row.metric.name) for row in found.having(Outcome.REGRESSION)}
            is_right = code == 1 and (STRATEGY, "server CPU") in named and {name for name, _ in named} == {STRATEGY}
            right += is_right
            print(f"gate {seed + 1}: exit {code}, {sorted(named)}{'' if is_right else '  WRONG'}", flush=True)
        if options.folder is not None:
            shutil.copy(project / "results/latest/charts/gate.png", options.folder)
        plant(0)
        code, found = _gate(project, COMPARED, seed=GATES)
        print(f"reverted: exit {code}, {found.verdict}")
    print(f"found by server CPU, and nothing else: {right} of {GATES}")
    if options.record:
        found_all = Figure("gates that name poll alone, by server CPU", right / GATES, n=GATES)
        reverted = Figure("reverted: nothing found", float(code == 0), n=1)
        sitting.keep({"planted-loss-found": [found_all, reverted]})
    return 0 if right == GATES and code == 0 else 1


def _gate(project: Path, strategies: str, seed: int) -> tuple[int, Gate]:
    options = ["--against", "HEAD", "--strategies", strategies, "--budget", BUDGET, "--seed", str(seed)]
    done = subprocess.run(
        [sys.executable, "run_bench.py", "gate", *options], cwd=project, check=False, stdout=subprocess.DEVNULL
    )
    return done.returncode, examine(read(project / "results/latest"))


if __name__ == "__main__":
    sys.exit(main())
