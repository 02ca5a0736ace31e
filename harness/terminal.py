"""What the person at the terminal reads while a run is planned and under way."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from harness import notes
from harness.conformance.suite import Conformance
from harness.plan import in_turn
from harness.plan.apart import axes_apart
from harness.plan.group import Group
from harness.plan.plan import Plan

console = Console(highlight=False)  # quiet while only the result is wanted
errors = Console(highlight=False, stderr=True)
REFRESH_S = 0.5  # drawing takes CPU time from the loader, so it is done between windows and seldom


def say(text: str) -> None:
    """A line, with rich's markup; on a terminal it is broken between words, a file keeps it whole."""
    console.print(text, soft_wrap=not console.is_terminal)


def complain(text: str) -> None:
    """A line that is said to everybody, with rich's markup."""
    (errors if console.quiet else console).print(text, soft_wrap=True)


def several(number: int, word: str) -> str:
    """1 block, 6 blocks."""
    return f"{number:,} {word}{'s' * (number != 1)}"


def left(seconds: float | None, at_most: bool) -> str:
    """How long it still takes, in minutes and seconds."""
    if seconds is None:
        return ""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02} left" + " at most" * at_most


def say_plan(plan: Plan, expected_interval: float) -> None:
    """The plan, its expected time and the interval to be expected of a ratio (half-width, as a share)."""
    rule = plan.precision or plan.gate
    blocks = several(plan.blocks, "block") if rule is None else f"at least {rule.first_look} blocks"
    say(f"[bold]Strategies[/] ({len(plan.strategies)})")
    for family, told in plan.config.families.items():
        if members := [label for label, strategy in plan.strategies.items() if strategy.family == family]:
            say(f"  {escape(family)}: {escape(', '.join(members))}  [dim](waits {escape(told.waits)})[/]")
    say(
        f"[bold]Order[/]: {blocks} of {_servers(plan)}, {several(plan.rounds, 'round')} each, windows in random order "
        f"(seed {plan.seed})"
    )
    servers = " or ".join(map(_cpus, plan.servers_cpus)) or "CPUs that aren't known"
    say(f"[bold]CPUs[/]: servers on {servers}, load generator on {_loader(plan)}")
    if plan.servers_a_block > len(plan.strategies) * len(plan.services):
        say(f"[bold]Servers[/]: {plan.servers_a_block} started in each block")
    table = Table("group", "head + counted", "at once", "a block", box=None, header_style="bold")
    for group in plan.groups:
        length = plan.config.window.length(group.clients)
        counted_s = length.counted_s if group.load == "closed" else plan.config.open.counted_s
        table.add_row(
            escape(str(group)),
            f"{length.head_s * 1000:g} + {counted_s * 1000:g} ms",
            " then ".join(str(len(wave)) for wave in plan.waves[group]),
            _seconds_of(plan, group),
        )
    console.print(table)
    for group in plan.groups:
        if len(plan.waves[group]) > 1:
            say(
                f"[yellow]{escape(str(group))}[/]: descriptors or memory don't allow all strategies at once; in turn: "
                + escape("; then ".join(", ".join(wave) for wave in plan.waves[group]))
            )
    for axis in axes_apart(plan.groups):
        key = axis.option.removeprefix("--")
        say(f"[yellow]Note[/]: {key}: each value is a group of its own; --along {key} compares them in the same rounds")
    for service in plan.services:
        if others := [label for label, strategy in plan.strategies.items() if service not in strategy.services]:
            say(f"Not in groups of {service}, which they don't offer: {escape(', '.join(others))}")
    for why, labels in plan.skipped.items():
        say(f"[yellow]Skipped[/]: {escape(', '.join(labels))}: {escape(why)}")
    if plan.left_out:
        say(f"[yellow]Left out[/] ({len(plan.left_out)}, no time in {plan.budget_s:.0f} s): "
            f"{escape('; '.join(plan.left_out))}")  # fmt: skip
    for note in plan.notes:
        if note.kind != notes.LEFT_OUT:
            say(f"[yellow]Note[/]: {escape(str(note))}")
    _say_expected(plan, expected_interval)


def _servers(plan: Plan) -> str:
    """What servers a block has."""
    attached = [strategy.label for strategy in plan.strategies.values() if strategy.attach]
    if len(attached) == len(plan.strategies):
        return "servers that run already, the same in each"
    return "fresh servers" + f" (but {escape(', '.join(attached))}, the same in each)" * bool(attached)


def _loader(plan: Plan) -> str:
    """Where the load generator's processes run."""
    elsewhere, here = plan.hosts.elsewhere, plan.workers - plan.hosts.elsewhere
    processes = f"{plan.workers} process{'es' * (plan.workers > 1)}"
    if not here:
        return f"other hosts ({processes}; the one that orders them on {_cpus(plan.loader_cpus)})"
    return f"{_cpus(plan.loader_cpus)} ({processes}" + f", {elsewhere} of them on other hosts" * bool(elsewhere) + ")"


def _say_expected(plan: Plan, expected_interval: float) -> None:
    """How long it will take, and how sure its figures will be."""
    if plan.gate is not None:
        say(
            f"[bold]Expected[/]: {_minutes(plan.seconds_of(plan.gate.first_look))} where nothing changed and nothing "
            f"is noisy, up to {_minutes(plan.budget_s)} for what is undecided"
        )
        return
    if plan.precision is not None:
        say(
            f"[bold]Expected[/]: until every throughput is known within {_within(plan.precision.target)}, "
            f"at most {_minutes(plan.budget_s)}"
        )
        first_look_s = plan.precision.first_look * plan.block_seconds
        if first_look_s > plan.budget_s:
            say(
                f"[yellow]Note[/]: the first {plan.precision.first_look} blocks, before which nothing is decided, take "
                f"about {_minutes(first_look_s)}: the budget will end the run earlier; measure less, or allow more"
            )
        return
    expected = f"[bold]Expected[/]: {_minutes(plan.expected_seconds)}"
    if plan.at_most_s is not None and plan.expected_seconds > plan.at_most_s:
        expected = f"[bold]Expected[/]: {_minutes(plan.at_most_s)}, with fewer rounds than planned"
    elif plan.at_most_s is not None:
        expected += f", with fewer rounds where it would be more than {_minutes(plan.at_most_s)}"
    if in_turn.run_seconds(plan) > plan.expected_seconds and plan.at_most_s is None:
        expected += (
            f", up to {_minutes(in_turn.run_seconds(plan))} where servers carry out one handler at a time and their "
            "windows grow"
        )
    if len(plan.strategies) > 1:
        named = plan.config.reference in plan.strategies and not any(group.along for group in plan.groups)
        ratios = f"ratios to {escape(plan.config.reference)}" if named else "ratios"
        expected += f", and {ratios} within {_within(expected_interval)}"
        expected += " (95 %, if this machine is as noisy as a shared virtual one)"
    say(expected)


def _seconds_of(plan: Plan, group: Group) -> str:
    """Of a block: as expected, and where handlers are carried out one after the other."""
    told, most = plan.group_seconds(group), in_turn.block_seconds(plan, group)
    return f"{told:.1f} s" if most < told + 0.05 else f"{told:.1f} to {most:.1f} s"


def say_warnings(warnings: Sequence[str]) -> None:
    """What stands in the way of good figures here."""
    for warning in warnings:
        say(f"[yellow]Warning[/]: {escape(warning)}")


def say_precision(
    groups: Sequence[Group], target: float, reached: Callable[[int], tuple[float, str, int] | None]
) -> None:
    """How narrow the intervals got, where half a width of `target` was asked for.

    `reached` gives for a group's place the widest half-width, whose it is and after how many blocks.
    """
    for place, group in enumerate(groups):
        widest = reached(place)
        if widest is not None:
            width, name, blocks = widest
            word = "reached" if width <= target else "not reached within the budget"
            after = f"after {blocks} block{'s' * (blocks > 1)}"
            if blocks < 2:
                say(f"{escape(str(group))}: {word}: no interval {after}")
            else:
                widest_of_all = escape(f"(the widest: {name})")
                say(f"{escape(str(group))}: {word}: {_within(width)} or better {after} {widest_of_all}")


def say_conformance(found: Mapping[str, Conformance]) -> None:
    """Of the conformance suite, what is not in order."""
    for name, conformance in found.items():
        if conformance.absent is not None:
            word = "skipped" if conformance.absent.skipped else "failed"
            say(f"[yellow]{escape(name)}[/] {word}: {escape(conformance.reason)}")
        for remark in conformance.remarks:
            say(f"[yellow]Note[/]: {escape(name)} {escape(remark)}")
        for failure in conformance.failures:
            say(f"[yellow]{escape(name)}[/] fails the conformance suite: {escape(failure)}")


@contextmanager
def progress(total: float, unit: str) -> Iterator[Callable[[float, str], None]]:
    """A bar with the time left on a terminal, now and then a line elsewhere."""
    if not console.is_terminal:
        yield Lines(total, unit)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, auto_refresh=False, transient=True) as bar:
        task = bar.add_task("starting", total=total)
        last = 0.0

        def tell(done: float, what: str) -> None:
            nonlocal last
            bar.update(task, completed=done, description=escape(what))
            if time.monotonic() - last > REFRESH_S:
                bar.refresh()
                last = time.monotonic()

        yield tell


class Lines:
    """For logs: a line whenever something else begins, and how much is left."""

    def __init__(self, total: float, unit: str) -> None:
        self._total, self._unit = total, unit
        self._last = ""

    def __call__(self, done: float, what: str) -> None:
        if what != self._last:
            say(f"{escape(what)} ({max(self._total - done, 0):.0f} of {self._total:.0f} {self._unit} left)")
            self._last = what


def _cpus(cpus: list[int]) -> str:
    return f"CPU {', '.join(map(str, cpus))}"


def _within(share: float) -> str:
    return f"± {share * 100:.1f} %"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
