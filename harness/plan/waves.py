"""Who is alive together in a group: all at once, or in waves where this machine has no room for that."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import axes
from harness import machine
from harness.config import Strategy
from harness.plan.group import Entry, Group

MEMORY_SHARE = 0.7  # of what is available now, for all messages and all connections alive at once
FORMS = 2  # of a client's message: two successive ones differ
ON_THE_WAY = 2  # bytes of the kernel's for one of a message
LEFT_UNREAD = 512 * 1024  # bytes at most that a slow reader has left in the kernel's buffers, and as many in a server


def waves(group: Group, entries: Mapping[str, Entry], reference: str) -> list[list[str]]:
    """All that can take part at once, or fewer at a time where descriptors or memory forbid it.

    The reference strategy, which ratios are taken to, is in each wave; unless it is the forms of a strategy that are
    compared, or some strategy has no room beside it.
    """
    connections, memory = machine.descriptor_limit() - machine.DESCRIPTORS_ASIDE, memory_for_servers(group)

    def fit(names: Sequence[str]) -> bool:
        needed = sum(memory_of_servers(group, [entries[name]]) for name in names)
        return group.clients * len(names) <= connections and needed <= memory

    able = [name for name, entry in entries.items() if not group.unable(entry)]
    forms = by_strategy(entries, able)
    together = [name for of in forms.values() for name in of]
    if fit(together):
        return [together]
    shared = forms.get(reference, []) if len(forms) == len(together) else []
    if not all(fit(shared + of) for of in forms.values() if of != shared):
        shared = []
    found: list[list[str]] = []
    for of in forms.values():
        if of == shared:
            continue
        if not found or not fit(found[-1] + of):
            found.append([*shared])
        found[-1] += of
    return found


def who(groups: Sequence[Group], strategies: Mapping[str, Strategy], reference: str) -> dict[str, Any]:
    """A plan's `entries` and `waves`."""
    entries = {group: {entry.name: entry for entry in group.entries(strategies)} for group in groups}
    return {"entries": entries, "waves": {group: waves(group, entries[group], reference) for group in groups}}


def by_strategy(entries: Mapping[str, Entry], names: Iterable[str]) -> dict[str, list[str]]:
    """The names of each strategy's forms, in their order: what is compared is kept together."""
    forms: dict[str, list[str]] = {}
    for name in names:
        forms.setdefault(entries[name].strategy.name, []).append(name)
    return forms


def memory_of_messages(group: Group) -> int:
    """Bytes that the load generator's messages take: the same ones are for all servers."""
    return FORMS * group.clients * int(group["message_size"])


def memory_for_servers(group: Group) -> float:
    """Bytes that may be used beside them; less than none where they don't fit themselves."""
    return machine.available_memory() * MEMORY_SHARE - memory_of_messages(group)


def memory_of_servers(group: Group, entries: Sequence[Entry]) -> int:
    """Bytes that connections to these servers take, at most: theirs, and the kernel's for what is on its way.

    A message is in the buffers of either end, there or back, with what the kernel needs around it. All servers are
    asked when clients connect.
    """
    connections = group.clients * len(entries)
    beside = [axes.company_of(entry.values) for entry in entries]
    unread = LEFT_UNREAD * sum(size for kind, size in beside if kind == "slow")
    on_the_way = min(
        connections * min(ON_THE_WAY * int(group["message_size"]), machine.socket_buffers()) + unread,
        machine.all_socket_buffers(),
    )
    return on_the_way + sum(
        (group.clients + size) * int(entry.strategy.memory_per_client) + LEFT_UNREAD * size * (kind == "slow")
        for entry, (kind, size) in zip(entries, beside, strict=True)
    )
