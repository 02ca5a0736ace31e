"""Whose memory is read with which crowd, and in which block: what a connection takes is known by it.

A server keeps what a larger crowd, or larger messages, made it take. So the fresh servers of a block meet crowds of one
exchange alone, the smallest first, before its groups begin; exchanges take turns, a block each.
"""

from collections.abc import Iterable

import axes
from harness.plan.group import Group

FROM_CLIENTS = 100  # what fewer take is less than what a server's memory moves by for reasons of its own
TURNS = 2  # of each exchange: memory hardly differs from block to block


def of_block(groups: Iterable[Group], block: int) -> list[Group]:
    """Those of these groups, which are of one service, whose crowds come in that block; the smallest first."""
    exchanges: dict[str, list[Group]] = {}
    for group in groups:
        if group.clients >= FROM_CLIENTS and axes.connections_stay(group.values) and group["company"] == "none":
            exchanges.setdefault(repr(group.exchange), []).append(group)
    if block >= TURNS * len(exchanges):
        return []
    return sorted(list(exchanges.values())[block % len(exchanges)], key=lambda group: group.clients)
