"""The project that the tests are of: where it is, and the strategies of its bench.toml."""

import shlex
import sys
from pathlib import Path

from harness.config import Strategy, read

ROOT = Path(__file__).parents[2]
CONFIG = read(ROOT / "bench.toml")
STRATEGIES = CONFIG.strategies
RECORDED = ROOT / "tests" / "recorded" / "noisy-hour"


def command(strategy: Strategy, *options: str) -> list[str]:
    """What starts its server by hand."""
    return shlex.split(strategy.command.format(python=shlex.quote(sys.executable), options="")) + list(options)
