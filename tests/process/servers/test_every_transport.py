"""Every strategy over each transport that it offers, as real clients see it: sockets of the system's own making."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.project import ROOT, STRATEGIES, command

SIZES = (1, 64, 8193, 65_507)  # bytes: one more than UDPServer takes by itself, and the largest datagram of UDP
UNREAD = 40  # answers that nobody takes; a Unix socket's queue has room for net.unix.max_dgram_qlen, by itself 10
AT_REST_S = 0.005  # of CPU time while nobody asks


def offered() -> list[tuple[str, str]]:
    """Strategies and transports, as servers/README.md tells them."""
    found = []
    for transport, row in re.findall(r"^\| `([\w-]+)` \| (.*`.*) \|$", section("Which strategies"), re.MULTILINE):
        found += [(transport, name) for name in re.findall(r"`([\w-]+)`", row)]
    return found


def section(title: str) -> str:
    text = (ROOT / "servers/README.md").read_text()
    return text.partition(f"### {title}\n")[2].partition("\n### ")[0]
