"""The project that the tests are of: where it is, and the strategies of its bench.toml."""

import shlex
import sys
from pathlib import Path

from harness.config import Strategy, read

ROOT = Path(__file__).parents[2]
CONFIG = read(ROOT / "bench.toml")
STRATEGIES = CONFIG.strategies
OF_BYTES = {name: strategy for name, strategy in STRATEGIES.items() if "echo" in strategy.services}
RECORDED = ROOT / "tests" / "recorded" / "noisy-hour"


def command(strategy: Strategy, *options: str) -> list[str]:
    """What starts its server by hand."""
    told = {"host": "127.0.0.1", "port": 0, "backlog": 1024, "options": ""}
    return shlex.split(strategy.command.format(python=shlex.quote(sys.executable), **told)) + list(options)
