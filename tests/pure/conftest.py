"""Pure tests start no process and connect to nobody: so they are quick anywhere, and whoever tries is told."""

import os
import socket
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any, NoReturn

import pytest

HERE = Path(__file__).parent


class NotPure(Exception):
    """The test belongs in tests/process."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Around fixtures of any scope, too. Pytest asks this hook for tests of other folders as well."""
    if HERE not in item.path.parents:
        return (yield)

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise NotPure(f"{item.name} starts a process or connects to one; its place is tests/process")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "__init__", refuse)
        patch.setattr(os, "fork", refuse)
        patch.setattr(socket.socket, "connect", refuse)
        return (yield)
