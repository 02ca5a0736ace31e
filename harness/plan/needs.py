"""Whether the modules are there that a strategy needs: it is known before anything starts who can't take part."""

import importlib.util
import sys
from functools import cache

from harness.config import Strategy


def missing(strategy: Strategy) -> str:
    """What isn't installed, with the remedy; empty where all is, or where another interpreter would have to tell."""
    if strategy.python != sys.executable:
        return ""
    absent = {name: remedy for name, remedy in strategy.needs.items() if not _is_installed(name)}
    return "; ".join(f"needs {name}, which isn't installed: {remedy}" for name, remedy in absent.items())


@cache
def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # a part of a package that isn't there, or no name
        return False
