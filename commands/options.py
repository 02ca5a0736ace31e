"""Groups of options that several verbs have."""

import argparse
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import axes
from axes import Axis
from commands import values
from commands.paths import RESULTS
from harness.config import Config, ConfigError
from harness.hosts import LOOPBACK, Hosts
from harness.plan.hosts import over
from harness.plan.plan import Overrides, Plan

Group = argparse._ArgumentGroup


def add_choice(which: Group, usual: str | None = None, services: str = "as the profile says") -> None:
    """Which strategies and services: `usual` are taken if none is named, else the profile's."""
    told = "those that the profile names" if usual is None else usual
    which.add_argument(
        "--strategies",
        default=usual,
        metavar="WHICH",
        help=f"all, chapter (those of the book's listings), names or globs, separated by commas (default: {told})",
    )
    _add_axis(which, axes.AXES["service"], f" (default: {services})")


def add_hosts(parser: argparse.ArgumentParser) -> None:
    """Who may be asked beside this machine."""
    hosts = parser.add_argument_group("several hosts")
    hosts.add_argument(
        "--allow-remote",
        action="store_true",
        help="permit servers that are attached at addresses of other machines, and load on them: your own alone",
    )


def add_transports(which: Group) -> None:
    """Over what servers are tried."""
    _add_axis(which, axes.AXES["transport"], f" (default: {axes.AXES['transport'].usual})")


def add_bench_file(which: Group) -> None:
    """What is read on top of bench.toml."""
    which.add_argument(
        "--bench",
        type=Path,
        metavar="FILE",
        help="a file read on top of bench.toml: your own strategies, profiles, settings",
    )


def add_variants(which: Group) -> None:
    """Two forms and more of each strategy."""
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


def add_measuring(parser: argparse.ArgumentParser, verb: str, usual: str, own: Callable[[Group], None]) -> None:
    """How to measure: the profile (`usual` is the one if none is named), the axes, the options of the verb's `own`."""
    how = parser.add_argument_group("how to measure")
    how.add_argument(
        "--profile",
        default=usual,
        metavar="NAME",
        help="quick, default, mechanisms, full, receive, handlers, cpus, balance, rates, company, unkind, transports, "
        f"http or gate, of bench.toml (default: {usual})",
    )
    _add_axes(how, verb)
    own(how)
    add_ways(how)


def add_ways(how: Group) -> None:
    """What every way of measuring has: the order, the loader, who is let in, and the plan alone."""
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


def add_elsewhere(parser: argparse.ArgumentParser) -> None:
    """Workers of the load generator elsewhere."""
    several = parser.add_argument_group("load from other hosts")
    several.add_argument(
        "--from-hosts",
        type=values.some_workers,
        default=0,
        metavar="N",
        help="of the --workers, so many come from other hosts: the run prints what to start there, and waits "
        "(docs/hosts.md)",
    )
    several.add_argument(
        "--listen",
        type=values.address,
        default=(LOOPBACK, 0),
        metavar="HOST[:PORT]",
        help="where these come to, and where servers listen: an address of this machine "
        "(default: 127.0.0.1, a free port)",
    )
    several.add_argument(
        "--on-loss",
        choices=("stop", "go-on"),
        metavar="HOW",
        help="with --from-hosts, when a worker is lost: stop, or go-on with those that remain; a soak ends either way "
        "(default: go-on)",
    )


def over_hosts(planned: Plan, given: argparse.Namespace) -> Plan:
    """The plan with what the options say of other hosts. Raises ConfigError where that makes no sense."""
    address, port = given.listen
    if given.on_loss and not given.from_hosts:
        raise ConfigError(
            f"--on-loss {given.on_loss}: no worker comes from elsewhere; say how many do with --from-hosts, or leave "
            "it out"
        )
    goes_on = given.on_loss != "stop"
    return over(planned, Hosts(given.from_hosts, address, port, goes_on))


def add_axes(how: Group, names: Collection[str]) -> None:
    """The options of these axes alone."""
    for name in names:
        _add_axis(how, axes.AXES[name])


def _add_axes(how: Group, verb: str) -> None:
    for axis in axes.AXES.values():
        if verb in axis.commands and axis.name != "service":
            _add_axis(how, axis)
    compared = [axis.key for axis in axes.comparable()]
    how.add_argument(
        "--along",
        metavar="AXIS",
        help=f"compare the values of this axis with each other, as variants are: {', '.join(compared)}; or none",
    )


def _add_axis(group: Group, axis: Axis, default: str = "") -> None:
    told: Any = {"metavar": axis.metavar, "help": axis.help + default}
    if axis.single:
        group.add_argument(axis.option, choices=axis.choices, **told)
    else:
        group.add_argument(axis.option, type=values.listed(values.of_axis(axis)), default=[], **told)


def strategies(config: Config, given: argparse.Namespace) -> str:
    """Which strategies are taken, as the option has it."""
    return ",".join(config.profile(given.profile).strategies) if given.strategies is None else str(given.strategies)


def overrides(given: argparse.Namespace) -> Overrides:
    """What the options put in place of a profile's axes."""
    found = {}
    for axis in axes.BY_KEY.values():
        value = getattr(given, axis.key, None)
        if value:
            found[axis.key] = [value] if axis.single else value
    if "load" in found:
        found.setdefault("rate", [])  # those of the profile were for its own load
    along = {None: None, "none": ""}.get(given.along, (given.along or "").replace("-", "_"))
    return Overrides(found, along)


def add_requirements(how: Group) -> None:
    """Limits by which a run fails."""
    how.add_argument(
        "--require",
        type=values.requirement,
        action="append",
        default=[],
        metavar="LIMIT",
        help="every cell is to keep it, or the run ends with exit code 1: a column of cells.csv, a sign and a value, "
        "such as 'p99<10ms' or 'errors<0.1%%'; may be given several times",
    )


def add_telling(parser: argparse.ArgumentParser) -> None:
    """What is said while it goes on."""
    told = parser.add_argument_group("what is said").add_mutually_exclusive_group()
    told.add_argument("--quiet", action="store_true", help="only the result, and what goes wrong")
    told.add_argument(
        "--json", action="store_true", help="one JSON object a line, in place of all else (docs/terminal.md)"
    )


def add_run(which: Group, more: str = "") -> None:
    """The results folder that a verb reads."""
    which.add_argument(
        "folder",
        metavar="RESULTS",
        type=Path,
        nargs="?",
        default=RESULTS / "latest",
        help=f"a results folder{more} (default: results/latest)",
    )


def add_results(parser: argparse.ArgumentParser) -> Group:
    """Where it goes; the group of these options."""
    where = parser.add_argument_group("where it goes")
    where.add_argument(
        "--results",
        type=Path,
        default=RESULTS,
        metavar="DIR",
        help="the run goes to DIR/<run-id>, DIR/latest points to it; doctor's findings to DIR/doctor.json, the "
        "charts and the page of a comparison to DIR/compare (default: results)",
    )
    return where
