"""Which axes of a plan could be compared in the same rounds, and are in groups of their own."""

from collections import Counter
from collections.abc import Iterable

import axes
from axes import Axis
from harness.plan.group import Group


def axes_apart(groups: Iterable[Group]) -> list[Axis]:
    """Those with several values where all else is alike, so that an option would have them compared."""
    alone = [group for group in groups if not group.along]
    found = []
    for axis in axes.comparable():
        alike = Counter(group.at(**{axis.name: None}) for group in alone)
        if any(count > 1 for count in alike.values()):
            found.append(axis)
    return found
