"""What became of a company in a window, as windows.jsonl has it."""

from dataclasses import dataclass, field
from typing import Any

from loadgen import histogram


@dataclass
class Tally:
    """Of one window."""

    closed: int = 0  # connections that the server closed, of those who would have stayed
    connects: int = 0  # that were begun
    refused: int = 0  # of these: refused, or ended without a reply
    served: int = 0  # right replies
    wrong: int = 0  # others
    waiting: int = 0  # who came and had no reply when it ended
    retransmitted: int = 0  # packets that connecting took twice
    took_ns: list[int] = field(default_factory=list)  # each connect
    all_served_s: float | None = None  # of a burst, from its instant until the last had its reply

    def record(self, open_: int, acted_s: float, cpu_s: float) -> dict[str, Any]:
        """With the connections that are open at the end, and how long it acted."""
        counts = ("closed", "connects", "refused", "served", "wrong", "waiting", "retransmitted")
        return {f"company_{name}": getattr(self, name) for name in counts} | {
            "company_open": open_,
            "company_connect_hdr": histogram.encode(self.took_ns),
            "company_served_s": self.all_served_s,
            "company_s": acted_s,
            "company_cpu_s": cpu_s,
        }
