"""Records each strategy under two names, in many blocks: what benchmarks.coverage replays.

`python -m benchmarks.twins RESULTS [STRATEGIES] [--blocks 60] [--rounds 2]` (default: all strategies). The second of
a pair has `-again` behind its name. Nothing else may run on the machine meanwhile.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from analysis.replay import TWIN
from benchmarks.stage import ROOT, configuration
from harness import plan


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.twins")
    parser.add_argument("results", type=Path)
    parser.add_argument("strategies", nargs="?", default="all")
    parser.add_argument("--blocks", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    chosen = plan.select(configuration(), given.strategies)
    names = [name + twin for name in chosen for twin in ("", TWIN)]
    with TemporaryDirectory() as folder:
        bench = Path(folder) / "twins.toml"
        lines = [
            "[verdict]\nperturb_from_share = 1.0",  # nobody asks here what limits
            "[profiles.twins]",
            f"blocks = {given.blocks}\nrounds = {given.rounds}",
            'matrix = [{ service = ["echo"], clients = [100], sizes = [64] }]',
        ]
        for name in names:
            strategy = chosen[name.removesuffix(TWIN)]
            command = strategy.command.replace("servers/", f"{ROOT}/servers/")
            alone = str(strategy.one_at_a_time).lower()
            lines.append(f'[strategies."{name}"]\ncommand = "{command}"\none_at_a_time = {alone}')
        bench.write_text(f'reference = "{names[0]}"\n' + "\n".join(lines) + "\n")
        options = ["--bench", bench, "--profile", "twins", "--strategies", ",".join(names), "--results", given.results]
        return subprocess.run([sys.executable, ROOT / "run_bench.py", *options], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
