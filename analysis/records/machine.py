"""What a run was measured on, in words."""

from collections.abc import Iterator, Mapping
from typing import Any


def machine(run: Mapping[str, Any]) -> list[str]:
    """What a run was measured on, in some phrases; none where it doesn't say."""
    told = run.get("machine")
    if not told:
        return []
    return [
        f"{told.get('cpu', 'unknown CPU')}, {told.get('cores', '?')} cores",
        f"kernel {told.get('kernel', '?')}",
        f"Python {told.get('python', '?')}",
    ]


def server_cpus(run: Mapping[str, Any]) -> str:
    """The CPUs that servers ran on, of each number of them that there was: 1, or 0, 1; empty where it isn't told."""
    return " or ".join(cpus.replace(" ", ", ") for cpus in dict.fromkeys(_server_cpus(run)) if cpus)


def _server_cpus(run: Mapping[str, Any]) -> Iterator[str]:
    groups = [group["server_cpus"] for group in run.get("groups") or [] if group.get("server_cpus")]
    for told in groups or [" ".join(map(str, run.get("server_cpus") or []))]:
        yield from [told] if isinstance(told, str) else told
