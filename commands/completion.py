"""What a shell completes: verbs, options, and the names of bench.toml. docs/terminal.md says how to switch it on.

A shell asks by running us with its line in the environment, and reads the words that fit.
"""

from collections.abc import Iterable
from typing import Any

import argcomplete

from commands import VERBS
from commands.parser import module, parser
from commands.paths import BENCH_FILE
from harness.config import read


def complete() -> None:
    """Answer the shell, and end the process. Returns where no shell asks."""
    made = parser("bench")
    verbs = made.add_subparsers()
    for verb, does in VERBS.items():
        module(verb).add_options(verbs.add_parser(verb, help=does))
    for each in [made, *verbs.choices.values()]:
        for action in each._actions:
            _name_values(action)
    argcomplete.autocomplete(made)


def _name_values(action: Any) -> None:
    match action.dest:
        case "strategies":
            action.completer = _strategies
        case "profile":
            action.completer = lambda **_: list(read(BENCH_FILE).profiles)
        case "variants":
            action.completer = lambda **_: list(read(BENCH_FILE).variants)
        case _:
            pass


def _strategies(prefix: str, **_: Any) -> Iterable[str]:
    """The last one of a list may be begun."""
    before = prefix[: prefix.rfind(",") + 1]
    return [before + name for name in ("all", "chapter", *read(BENCH_FILE).strategies)]
