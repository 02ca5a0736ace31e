"""The command line: what it takes, and how it teaches."""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import axes
from axes import Axis
from harness import values
from harness.config import ConfigError, nearest
from harness.plan import Overrides

COMMANDS = {
    "bench": "measure strategies side by side; the command if none is named",
    "gate": "did a change make it slower? base against head, with known error rates",
    "compare": "two results folders, side by side",
    "check": "put servers through the conformance suite, measure nothing",
    "doctor": "what this machine can measure, and what stands in the way (a minute)",
}
HERE = Path(__file__).resolve().parent.parent

EXAMPLES = {
    "bench": """\
  run_bench.py --strategies all                      the default profile: 4 to 5 minutes
  run_bench.py --strategies chapter,epoll --profile quick
                                                     a first look: under a minute
  run_bench.py --strategies 'asyncio*,epoll' --clients 1,10,100 --sizes 64,16KiB
  run_bench.py --strategies epoll,gevent --precision 2% --budget 5m
                                                     until each rate is known within 2 %
  run_bench.py --strategies epoll,twisted --clients 100 --load open --rate 2000,50%,80%
                                                     latency at a rate that doesn't wait (--list: how long)
  run_bench.py --strategies all --list               the plan and its time, nothing started
  run_bench.py --bench mine.toml --strategies mine,epoll
                                                     your own server beside ours (docs/strategies.md)
  run_bench.py --strategies twisted --variants twisted-24,twisted-25
                                                     two versions of a library side by side (bench.toml, [variants])
""",
    "gate": """\
  run_bench.py gate --against main --strategies epoll,twisted --budget 5m
                                                     exit code 1 where the working tree is slower than main
  run_bench.py gate --calibrate --strategies epoll --budget 5m
                                                     how noisy it is here, and what can be found in which time
""",
    "compare": """\
  run_bench.py compare results/A results/B           what changed between two runs
""",
    "check": """\
  run_bench.py check --strategies mine --bench mine.toml
                                                     does your server do the job right?
""",
    "doctor": """\
  run_bench.py doctor                                warnings, the noise of this hour, the load generator's ceiling
""",
}
BENCH_FILE_SAYS = "bench.toml holds the strategies, the matrix and the profiles, with comments to edit it by."


class _Parser(argparse.ArgumentParser):
    """Errors are one line, by way of ConfigError."""

    def error(self, message: str) -> NoReturn:
        words = message.split()
        if message.startswith("unrecognized arguments:"):
            known = [option for action in self._actions for option in action.option_strings]
            message = f"unknown option {words[2]}{nearest(words[2].partition('=')[0], known)}"
        raise ConfigError(f"{message}; --help lists the options")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options, with `command` set. Raises ConfigError on bad ones."""
    named = bool(arguments) and not arguments[0].startswith("-")
    command = arguments[0] if named else "bench"
    if command not in COMMANDS:
        raise ConfigError(f"{command}: no such command{nearest(command, COMMANDS)}; there are {', '.join(COMMANDS)}")
    given = parser_of(command).parse_args(arguments[1:] if named else arguments)
    given.command = command
    return given


def parser_of(command: str) -> argparse.ArgumentParser:
    """What a command takes, and what it says of that."""
    width = min(shutil.get_terminal_size().columns, 110)
    parser = _Parser(
        prog="run_bench.py" if command == "bench" else f"run_bench.py {command}",
        description="Floods servers of every concurrency model side by side, and says what each costs."
        if command == "bench"
        else f"{COMMANDS[command].capitalize()}.",
        epilog=_epilog(command),
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=28, width=width),
        allow_abbrev=False,
    )
    which = parser.add_argument_group("what to take")
    if command == "compare":
        _add_folders(which)
    elif command != "doctor":
        _add_choice_options(which)
    if command != "compare":
        which.add_argument(
            "--bench",
            type=Path,
            metavar="FILE",
            help="a file read on top of bench.toml: your own strategies, profiles, settings",
        )
    if command in ("bench", "gate"):
        _add_variant_options(which)
        _add_measuring_options(parser, command)
    if command != "check":
        _add_results_option(parser.add_argument_group("where it goes"))
    return parser


def _epilog(command: str) -> str:
    """The other commands and examples: of all commands where none is named, else of this one."""
    commands = "".join(f"  {name:8}{what}\n" for name, what in COMMANDS.items())
    examples = "".join(EXAMPLES.values()) if command == "bench" else EXAMPLES[command]
    return f"commands:\n{commands}\nexamples:\n{examples}\n{BENCH_FILE_SAYS}\n"


def _add_folders(which: argparse._ArgumentGroup) -> None:
    for name in ("A", "B"):
        which.add_argument(
            f"folder_{name.lower()}",
            metavar=name,
            help="a results folder, such as results/latest; results/latest:head takes one variant of it",
        )


def _add_variant_options(which: argparse._ArgumentGroup) -> None:
    which.add_argument(
        "--against",
        metavar="REF",
        help="compare the servers of the working tree (head) with those of a git revision (base)",
    )
    which.add_argument(
        "--variants",
        type=values.listed(str),
        default=(),
        metavar="NAMES",
        help="each strategy in each of these forms: tables [variants.NAME] of bench.toml; a gate takes two, base first",
    )


def _add_choice_options(which: argparse._ArgumentGroup) -> None:
    which.add_argument(
        "--strategies",
        default="all",
        metavar="WHICH",
        help="all, chapter (those of the book's listings), names or globs, separated by commas (default: all)",
    )
    _add_axis(which, axes.AXES["service"])


def _add_measuring_options(parser: argparse.ArgumentParser, command: str) -> None:
    how = parser.add_argument_group("how to measure")
    usual = "gate" if command == "gate" else "default"
    how.add_argument(
        "--profile",
        default=usual,
        metavar="NAME",
        help=f"quick, default, full or gate, of bench.toml (default: {usual})",
    )
    _add_axes(how, command)
    if command == "gate":
        _add_gate_options(how)
    else:
        _add_bench_options(how)
    how.add_argument("--seed", type=values.seed, metavar="N", help="decides every random order (default: bench.toml's)")
    how.add_argument(
        "--workers",
        type=values.workers,
        metavar="N",
        help="load generator processes under Locust's master (default: 1)",
    )
    how.add_argument(
        "--unchecked",
        action="store_true",
        help="measure servers that fail the conformance suite too, and mark them",
    )
    how.add_argument(
        "--list",
        action="store_true",
        help="print the plan, its expected time and the interval to be expected; start nothing",
    )


def _add_axes(how: argparse._ArgumentGroup, command: str) -> None:
    for axis in axes.AXES.values():
        if command in axis.commands and axis.name != "service":
            _add_axis(how, axis)
    compared = [axis.key for axis in axes.BY_KEY.values() if axis.compares]
    how.add_argument(
        "--along",
        metavar="AXIS",
        help=f"compare the values of this axis with each other, as variants are: {', '.join(compared)}",
    )


def _add_axis(group: argparse._ArgumentGroup, axis: Axis) -> None:
    if axis.single:
        group.add_argument(axis.option, choices=axis.choices, metavar=axis.metavar, help=axis.help)
    else:
        group.add_argument(
            axis.option, type=values.listed(values.of_axis(axis)), default=[], metavar=axis.metavar, help=axis.help
        )


def overrides(given: argparse.Namespace) -> Overrides:
    """What the options put in place of a profile's axes."""
    found = {}
    for axis in axes.BY_KEY.values():
        value = getattr(given, axis.key, None)
        if value:
            found[axis.key] = [value] if axis.single else value
    if "load" in found:
        found.setdefault("rate", [])  # those of the profile were for its own load
    return Overrides(found, given.along and given.along.replace("-", "_"))


def _add_gate_options(how: argparse._ArgumentGroup) -> None:
    how.add_argument(
        "--budget",
        type=values.seconds,
        metavar="TIME",
        help="what is undecided is measured on for at most so long (default: bench.toml's, 10m)",
    )
    how.add_argument(
        "--margin",
        type=values.share,
        metavar="SHARE",
        help="promise that throughput and CPU got worse by no more than this (default: bench.toml's, 5%%)",
    )
    how.add_argument(
        "--undecided",
        choices=("pass", "fail"),
        metavar="HOW",
        help="exit with 0 (pass) or 1 (fail) where something is undecided, instead of 3",
    )
    how.add_argument(
        "--calibrate",
        action="store_true",
        help="compare the working tree with itself for the whole budget: how noisy are blocks here, and which change "
        "can be promised in which time?",
    )


def _add_bench_options(how: argparse._ArgumentGroup) -> None:
    how.add_argument(
        "--precision",
        type=values.share,
        metavar="SHARE",
        help="go on, ten blocks at least, until every throughput's interval is that narrow, such as 2%%, or the "
        "budget is used",
    )
    how.add_argument(
        "--budget",
        type=values.seconds,
        metavar="TIME",
        help="with --precision: at most so long (default: 10m)",
    )


def _add_results_option(where: argparse._ArgumentGroup) -> None:
    where.add_argument(
        "--results",
        type=Path,
        default=HERE / "results",
        metavar="DIR",
        help="the run goes to DIR/<run-id>, DIR/latest points to it; doctor's findings to DIR/doctor.json, the "
        "charts of a comparison to DIR/compare (default: results)",
    )
