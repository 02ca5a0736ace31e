"""What a run was measured on, in words."""

from collections.abc import Mapping
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
