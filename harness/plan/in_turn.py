"""How long blocks may take where handlers are carried out one after the other: a plan expects that they overlap.

Whether they do is the server's affair: threads block side by side, a loop's clients wait for each other. So a plan
tells both.
"""

from harness.plan.group import Group
from harness.plan.plan import BETWEEN_WINDOWS_S, Plan

HOLD_UP = ("blocks", "computes")  # who carries out one of these in a loop lets the others wait


def block_seconds(plan: Plan, group: Group) -> float:
    """A group's in a block, at most: each server carries out one handler at a time, and its windows grow."""
    return plan.group_seconds(group) + plan.rounds_of(group) * sum(
        max(0.0, _window_seconds(plan, group, name) - plan.window_seconds(group, name))
        for wave in plan.waves[group]
        for name in wave
    )


def run_seconds(plan: Plan) -> float:
    """The whole plan's, at most."""
    more_s = sum(block_seconds(plan, group) - plan.group_seconds(group) for group in plan.groups)
    return plan.expected_seconds + plan.blocks * more_s


def _window_seconds(plan: Plan, group: Group, name: str) -> float:
    """Of a server whose clients all wait for each other; they do so once more in the drain."""
    values = plan.entries[group][name].values
    if values["handler"] not in HOLD_UP or values["handler_of"] != "all" or group.load != "closed":
        return 0.0
    window, waits_s = plan.config.window, group.clients * values["handler_us"] / 1e6
    length = window.length(group.clients)
    drain_s = min(waits_s, window.request_timeout_s)
    return (
        max(length.head_s, values["handler_us"] / 1e6)
        + window.grown(group.clients, waits_s)
        + drain_s
        + BETWEEN_WINDOWS_S
    )
