"""Whether there is room for a group on this machine: memory for its messages and connections, files, queues."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from axes import AXES, BY_KEY, company_of, connections_stay
from harness import machine
from harness.config import ConfigError, Strategy
from harness.plan.group import Entry, Group
from harness.plan.waves import by_strategy, memory_for_servers, memory_of_messages, memory_of_servers


def must_suffice(
    groups: Sequence[Group], strategies: Mapping[str, Strategy], given: Collection[str], file: Path
) -> None:
    """Raises ConfigError where there is none; keys of axes that the command line hasn't `given` are the file's."""
    source = BY_KEY["clients"].option if "clients" in given else file
    for group in groups:
        _crowd_fits(group, list(group.entries(strategies)), source)
        _queue_suffices(group, source)
    source = BY_KEY["company_sizes"].option if "company_sizes" in given else file
    for group in groups:
        for entry in group.entries(strategies):
            if not group.unable(entry):
                _company_fits(group, entry, source)
    options = ", ".join(BY_KEY[key].option for key in ("clients", "sizes") if key in given)
    for group in groups:
        _memory_fits(group, list(group.entries(strategies)), options or file)


def _crowd_fits(group: Group, entries: Collection[Entry], source: object) -> None:
    """What is compared is connected at the same time: all forms of a strategy."""
    limit = machine.descriptor_limit()
    by_name = {entry.name: entry for entry in entries if not group.unable(entry)}
    forms = max(map(len, by_strategy(by_name, by_name).values()), default=1)
    needed = group.clients * forms + machine.DESCRIPTORS_ASIDE
    if needed > limit:
        of_each = f" of {forms} forms of a strategy" * (forms > 1)
        raise ConfigError(
            f"{source}: {group.clients} clients{of_each} need {needed} open files and a process may have {limit} here; "
            "raise `ulimit -Hn` or take fewer clients"
        )


def _company_fits(group: Group, entry: Entry, source: object) -> None:
    """Whoever is at a server takes a file of it; and memory, as much as a client does."""
    size, limit = company_of(entry.values)[1], machine.descriptor_limit()
    needed = group.clients + size + machine.DESCRIPTORS_ASIDE
    what = f"{source}: a company of {size:,} beside {group.clients} clients"
    if needed > limit:
        raise ConfigError(
            f"{what} needs {needed:,} open files in a server, and a process may have {limit:,} here; "
            f"{max(0, size - needed + limit):,} fit: take no more, or raise `ulimit -Hn`"
        )
    left = memory_for_servers(group)
    without = memory_of_servers(group, [entry.beside(0)])
    more = memory_of_servers(group, [entry]) - without
    if size and without <= left < without + more:
        raise ConfigError(
            f"{what} takes {_gib(without + more)} of memory with "
            f"{entry.strategy.label} alone, and {_gib(left)} can be had here; {int(size * (left - without) / more):,} "
            f"fit: take no more, or leave {entry.strategy.label} out"
        )


def _queue_suffices(group: Group, source: object) -> None:
    """Where connections stay, a crowd connects in turn; where they end, all of it may connect at the same time."""
    if group.clients > machine.backlog_limit() and not connections_stay(group.values):
        raise ConfigError(
            f"{source}: {group.clients} clients whose connections end may all wait to be accepted, but the kernel cuts "
            f"every backlog to {machine.backlog_limit()}; raise net.core.somaxconn or take fewer clients"
        )


def _memory_fits(group: Group, entries: Collection[Entry], source: object) -> None:
    """The group's messages must fit, and each strategy with them."""
    left, messages = memory_for_servers(group), memory_of_messages(group)
    size = AXES["message_size"].write(group["message_size"])
    what = f"{source}: {group.clients} clients with messages of {size} take"
    here = f"{_gib(left + messages)} can be had here; take fewer clients or smaller messages"
    if left <= 0:
        raise ConfigError(f"{what} {_gib(messages)} of memory for the load generator's messages alone, and {here}")
    by_name = {entry.name: entry for entry in entries if not group.unable(entry)}
    for strategy, forms in by_strategy(by_name, by_name).items():
        needed = messages + memory_of_servers(group, [by_name[form] for form in forms])
        if needed > left + messages:
            raise ConfigError(
                f"{what} {_gib(needed)} of memory with {strategy} alone, and {here}, or leave {strategy} out"
            )


def _gib(octets: float) -> str:
    return f"{octets / 2**30:,.1f} GiB"
