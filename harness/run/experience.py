"""What a cell's windows have shown so far: how long the next ones last, and how fast they ask, depends on it.

The only place in this wing that computes a statistic: what a window is like must be known before the next one.
"""

import statistics
from dataclasses import dataclass, field
from typing import Any

from harness.plan.group import Group


@dataclass
class Experience:
    """Sums over a cell's windows, and what typical ones of them are like."""

    requests: int = 0
    replies: int = 0
    counted_s: float = 0.0
    loader_cpu_s: float = 0.0
    loader_wall_s: float = 0.0  # less what the host took: that is no rest
    busiest: float = 0.0  # the CPU share of the busiest worker, where some are on other hosts: of the last window
    p99s_s: list[float] = field(default_factory=list)  # of each window: latencies or connects

    def add(self, observed: dict[str, Any], stolen_s: float, *, is_figure: bool = True) -> None:
        """Take up what the loader told of a window, in which the host took so much of its processes' time.

        One that was a search is no figure: it tells how long windows must be, and nothing else.
        """
        if is_figure:
            for name in ("requests", "replies", "counted_s", "loader_cpu_s", "loader_wall_s"):
                setattr(self, name, getattr(self, name) + observed[name])
            self.loader_wall_s -= stolen_s
            self.busiest = observed["busiest_share"] if observed["elsewhere"] else 0.0
        self.p99s_s.append(max(observed["latency_p99_ns"], observed["connect_p99_ns"]) / 1e9)

    @property
    def p99_s(self) -> float:
        """A typical window's: one stall must not lengthen all that follow."""
        return statistics.median(self.p99s_s) if self.p99s_s else 0.0

    @property
    def rate_rps(self) -> float:
        """Requests per second of all windows together."""
        return self.requests / self.counted_s if self.counted_s else 0.0

    @property
    def loader_share(self) -> float:
        """Of a CPU, as the mean of the loader's processes; on several hosts that of the busiest, which limits first."""
        return max(self.busiest, self.loader_cpu_s / self.loader_wall_s if self.loader_wall_s else 0.0)

    @property
    def loader_ns_per_request(self) -> float:
        """The loader's CPU time."""
        return self.loader_cpu_s * 1e9 / self.replies if self.replies else 0.0


Known = dict[tuple[Group, str], Experience]  # of each member of each group
