"""Commands of older bench files, in which a server of ours was a script, or a module elsewhere."""

import shlex
from pathlib import Path

from harness.config.strategy import Strategy

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ROOT / "servers"


def command_now(strategy: Strategy) -> str | None:
    """The command that starts what an older one starts; None of one that is as it should be."""
    words = shlex.split(strategy.command)
    for place, word in enumerate(words):
        if place and words[place - 1] == "-m":
            if module := _module_now(word, strategy.cwd):
                return " ".join([*words[:place], module, *words[place + 1 :]])
        elif module := _module_of(strategy.cwd / word):
            elsewhere = [] if strategy.cwd == ROOT else ["env", f"PYTHONPATH={shlex.quote(str(ROOT))}"]
            return " ".join([*elsewhere, *words[:place], "-m", module, *words[place + 1 :]])
    return None


def _module_of(script: Path) -> str | None:
    """The module that a script of servers/ has become; None of any other file."""
    if script.parent.name != SERVERS.name or script.suffix != ".py":
        return None
    ours = next(SERVERS.rglob(script.name), None)
    if ours is None or (script.exists() and not script.samefile(ours)):
        return None  # a stranger's, or one of another copy of this project, which has its own bench file
    return _name(ours)


def _module_now(module: str, cwd: Path) -> str | None:
    """The name of a module of servers that has moved into its family's folder; None of one that is where it says."""
    file = Path(*module.split(".")).with_suffix(".py")
    if file.parts[0] != SERVERS.name or any((folder / file).exists() for folder in (ROOT, cwd)):
        return None  # ours as it is, or a stranger's
    ours = next(SERVERS.rglob(file.name), None)
    return _name(ours) if ours else None


def _name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)
