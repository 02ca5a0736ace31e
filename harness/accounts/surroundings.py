"""What was taken from a block by others: CPU time that the host gave away, stops for want of quota."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from harness import control_groups
from harness.accounts import cpu_ticks
from harness.accounts.cpu_ticks import TICK_S

# Of the CPUs' time; more of it bends figures.
STEAL_SHARE = 0.05


@contextmanager
def watched(
    cpus: Collection[int], tell: Callable[[dict[str, Any]], None], iterations_per_ms: float | None = None
) -> Iterator[None]:
    """Around a block on these CPUs; tells of it when it has ended. What was counted at its beginning is told, too."""
    before, stops_before = cpu_ticks.read(cpus), control_groups.throttled()
    yield
    passed, stops = cpu_ticks.read(cpus) - before, control_groups.throttled()
    tell({
        "cpu_s": round(passed.total * TICK_S, 2),
        "steal_s": round(passed.steal * TICK_S, 2),
        "iterations_per_ms": iterations_per_ms,
        "throttled": None if stops is None or stops_before is None else stops - stops_before,
    })  # fmt: skip
