"""Commands of older bench files, in which a server of ours was a script; now it is a module."""

import shlex
from pathlib import Path

from harness.config.tables import Strategy

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ROOT / "servers"


def command_now(strategy: Strategy) -> str | None:
    """The command that starts what an older one starts; None of one that is as it should be."""
    words = shlex.split(strategy.command)
    for place, word in enumerate(words):
        script = strategy.cwd / word
        if script.parent.name != SERVERS.name or script.suffix != ".py":
            continue
        ours = next(SERVERS.rglob(script.name), None)
        if ours is None or (script.exists() and not script.samefile(ours)):
            continue  # a stranger's, or one of another copy of this project, which has its own bench file
        module = ".".join(ours.relative_to(ROOT).with_suffix("").parts)
        elsewhere = [] if strategy.cwd == ROOT else ["env", f"PYTHONPATH={shlex.quote(str(ROOT))}"]
        return " ".join([*elsewhere, *words[:place], "-m", module, *words[place + 1 :]])
    return None
