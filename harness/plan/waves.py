"""Who is alive together in a group: all at once, or in waves where this machine has no room for that."""

from collections.abc import Iterable, Mapping

from harness import machine
from harness.plan.group import Entry, Group

MEMORY_SHARE = 0.7  # of what is available now, for all connections alive at once


def waves(group: Group, entries: Mapping[str, Entry]) -> list[list[str]]:
    """All that can take part at once, or fewer at a time where descriptors or memory forbid it."""
    connections = machine.descriptor_limit() - machine.DESCRIPTORS_ASIDE
    memory = machine.available_memory() * MEMORY_SHARE
    found: list[list[str]] = [[]]
    connections_left, memory_left = connections, memory
    able = [name for name, entry in entries.items() if not group.unable(entry.strategy)]
    for forms in by_strategy(entries, able).values():
        clients = group.clients * len(forms)
        needed = clients * entries[forms[0]].strategy.memory_per_client
        if found[-1] and (clients > connections_left or needed > memory_left):
            found.append([])
            connections_left, memory_left = connections, memory
        found[-1] += forms
        connections_left -= clients
        memory_left -= needed
    return found


def by_strategy(entries: Mapping[str, Entry], names: Iterable[str]) -> dict[str, list[str]]:
    """The names of each strategy's forms, in their order: what is compared is kept together."""
    forms: dict[str, list[str]] = {}
    for name in names:
        forms.setdefault(entries[name].strategy.name, []).append(name)
    return forms
