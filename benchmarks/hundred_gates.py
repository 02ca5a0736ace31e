"""A hundred short gates on identical code: how many cry wolf? (`python -m benchmarks.hundred_gates [FILE]`)

Each compares HEAD of a clone of this repository with the working tree of that clone, which is the same. A line for
each goes to FILE as JSON when it has ended; at most 3 alarms in 100 are what an alarm rate of 1 % allows. Nothing
else may run on the machine meanwhile.
"""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from analysis.gate.decision import Outcome
from analysis.gate.result import EXIT_REGRESSION, EXIT_UNDECIDED, examine
from analysis.records.reading import read
from benchmarks.stage import ROOT

GATES, MOST_ALARMS = 100, 3
STRATEGIES = ("epoll", "poll", "twisted", "gevent")  # in turn
SETTINGS = "[profiles.short]\nblocks = 10\nrounds = 1\nmatrix = [{ service = ['echo'], clients = [100] }]\n"
BUDGET = "20s"


def main(file: Path | None) -> int:
    alarms = 0
    with TemporaryDirectory() as folder:
        project = Path(folder, "project")
        subprocess.run(["git", "clone", "--quiet", ROOT, project], check=True)
        (project / "short.toml").write_text(SETTINGS)
        for built in (ROOT / "loadgen").glob("*.so"):
            (project / "loadgen" / built.name).symlink_to(built)
        for number in range(GATES):
            told = _gate(project, STRATEGIES[number % len(STRATEGIES)], number)
            alarms += bool(told["alarm"])
            print(f"gate {number + 1:3}: {told['strategy']}, {told['blocks']} blocks: {told['verdict']}", flush=True)
            if file is not None:
                with file.open("a") as lines:
                    lines.write(json.dumps(told) + "\n")
    print(f"{alarms} of {GATES} gates on identical code reported a change")
    return 0 if alarms <= MOST_ALARMS else 1


def _gate(project: Path, strategy: str, seed: int) -> dict[str, object]:
    options = ["--against", "HEAD", "--strategies", strategy, "--bench", "short.toml", "--profile", "short"]
    done = subprocess.run(
        [sys.executable, "run_bench.py", "gate", *options, "--budget", BUDGET, "--seed", str(seed)],
        cwd=project,
        check=False,
        stdout=subprocess.DEVNULL,
    )
    if done.returncode not in (0, EXIT_REGRESSION, EXIT_UNDECIDED):
        raise SystemExit(f"a gate ended with {done.returncode}: what it decided isn't known")
    found = examine(read(project / "results/latest"))
    machine = found.results.run["machine"]
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "strategy": strategy,
        "exit_code": done.returncode,
        "alarm": done.returncode == EXIT_REGRESSION or bool(found.having(Outcome.REGRESSION, Outcome.IMPROVEMENT)),
        "verdict": found.verdict,
        "blocks": int(found.results.windows["block"].max()) + 1,
        "machine": f"{machine['cpu']}, {machine['cores']} cores, kernel {machine['kernel']}",
    }


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None))
