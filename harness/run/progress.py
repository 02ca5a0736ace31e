"""How far a run is, for whoever waits for it."""

import time
from collections.abc import Callable

from harness.plan.group import Group
from harness.plan.plan import Plan

# Seconds of planned windows, or of the budget, that are done; what goes on; the place of the group that is measured.
Tell = Callable[[float, str, int | None], None]


class Progress:
    """Counts planned windows, or the time of a run that goes on until it knows enough."""

    def __init__(self, plan: Plan, tell: Tell) -> None:
        self._plan = plan
        self._tell = tell
        self._where = ""
        self._group: int | None = None
        self._windows_s = 0.0  # done, as planned
        self._began = 0.0

    def begin(self) -> None:
        """The first block begins."""
        self._began = time.monotonic()

    def group_begins(self, group: Group, block: int) -> None:
        self._goes_on_with(block, str(group), self._plan.groups.index(group))

    def crowds_come(self, block: int) -> None:
        """For their memory, before the groups of the block."""
        self._goes_on_with(block, "memory of connections")

    def window_ended(self, group: Group, name: str) -> None:
        """A member's, whatever came of it."""
        self._windows_s += self._plan.window_seconds(group, name)
        self._say()

    def block_ended(self, blocks: int) -> None:
        """So many are done; what was left out in them, or failed, counts as done."""
        self._windows_s = max(self._windows_s, self._plan.windows_seconds * blocks / self._plan.blocks)

    def _goes_on_with(self, block: int, what: str, group: int | None = None) -> None:
        of_all = "" if self._plan.goes_on else f"/{self._plan.blocks}"
        self._group = group
        self._where = f"block {block + 1}{of_all}: {what}"
        self._say()

    def _say(self) -> None:
        done_s = time.monotonic() - self._began if self._plan.goes_on else self._windows_s
        self._tell(done_s, self._where, self._group)
