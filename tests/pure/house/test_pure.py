"""The guard of this folder bites."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    "act",
    [
        lambda: subprocess.run([sys.executable, "-c", ""], check=False),
        lambda: os.fork(),  # not evaluated here
        lambda: socket.create_connection(("127.0.0.1", 9), timeout=0.1),
    ],
    ids=["process", "fork", "connection"],
)
def test_a_pure_test_that_starts_something_is_told(act: Callable[[], object]) -> None:
    with pytest.raises(Exception, match="its place is tests/process"):
        act()
