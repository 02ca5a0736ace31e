"""The command line: which verb is named, and how --help teaches."""

import argparse
import importlib
import shutil
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from commands import VERBS
from commands.paths import BENCH_FILE
from harness.config import ConfigError, meant, nearest, read

BENCH_FILE_SAYS = "bench.toml holds the strategies, the matrix and the profiles, with comments to edit it by."


class _Parser(argparse.ArgumentParser):
    """Errors are one line, by way of ConfigError."""

    def error(self, message: str) -> NoReturn:
        _, is_unknown, rest = message.partition("unrecognized arguments: ")
        if is_unknown:
            first = rest.split()[0]
            if verb := next((word for word in rest.split() if word in VERBS), None):
                raise ConfigError(f"{verb}: a command stands before its options; write run_bench.py {verb} ...")
            known = [option for action in self._actions for option in action.option_strings]
            if not first.startswith("-") and (hint := _as_strategies(first)):
                raise ConfigError(f"{first}: a word alone; {hint}")
            message = f"unknown option {first}{nearest(first.partition('=')[0], known)}"
        raise ConfigError(f"{message}; --help lists the options")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """After --help: what it said is written, or said to be lost, while somebody can still tell."""
        sys.stdout.flush()
        super().exit(status, message)


def named(arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The verb, and the arguments that are its own. Raises ConfigError for an unknown one."""
    if not arguments or arguments[0].startswith("-"):
        return "bench", arguments
    verb, *rest = arguments
    if verb not in VERBS:
        hint = _as_strategies(verb)
        told = f"; {hint}" if hint else f"{nearest(verb, VERBS)}; there are {', '.join(VERBS)}"
        raise ConfigError(f"{verb}: no such command{told}")
    return verb, rest


def _as_strategies(word: str) -> str:
    """How to write it, if it names strategies, or a profile; else nothing."""
    try:
        config = read(BENCH_FILE)
    except ConfigError:
        return ""  # the command itself will say what is wrong with that file
    if all(meant(part, config.strategies) for part in word.split(",")):
        return f"strategies are named behind an option: --strategies {word}"
    return f"a profile is named behind an option: --profile {word}" if word in config.profiles else ""


def module(verb: str) -> ModuleType:
    """The file of a verb."""
    return importlib.import_module(f"commands.{verb}")


def parser(verb: str) -> argparse.ArgumentParser:
    """The parser of a verb's options; its errors are ConfigErrors."""
    width = min(shutil.get_terminal_size().columns, 110)
    made = _Parser(
        prog="run_bench.py" if verb == "bench" else f"run_bench.py {verb}",
        description="Floods servers of every concurrency model side by side, and says what each costs."
        if verb == "bench"
        else f"{VERBS[verb].capitalize()}.",
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=28, width=width),
        allow_abbrev=False,
    )
    module(verb).add_options(made)
    return made


def parsed(verb: str, arguments: Sequence[str]) -> argparse.Namespace:
    """What a verb is given. Raises ConfigError on bad options; --help prints and ends the process."""
    made = parser(verb)
    if {"-h", "--help"} & set(arguments):
        made.epilog = _epilog(verb)
    return made.parse_args(arguments)


def _epilog(verb: str) -> str:
    """The other verbs and examples: of all verbs where none is named, else of this one."""
    verbs = "".join(f"  {name:8}{what}\n" for name, what in VERBS.items())
    examples = "".join(module(name).EXAMPLES for name in (VERBS if verb == "bench" else [verb]))
    return f"commands:\n{verbs}\nexamples:\n{examples}\n{BENCH_FILE_SAYS}\n"
