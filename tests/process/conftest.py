"""Servers that are stopped afterwards."""

from tests.support.started import start, watchdog

__all__ = ["start", "watchdog"]
