"""The spoilt handlers that others are tried on are spoilt in the way that they say, and their honest twin isn't."""

import socket
import time
from collections.abc import Callable

import pytest

from harness.config import Strategy
from harness.processes.server import Server
from tests.support.project import ROOT

Start = Callable[..., Server]

DEADLINE_S = 60
MESSAGE = b"00000000 a message\r\n"
T_S = 2.0  # no machine takes so long for a message
COMMAND = "{{python}} tests/support/misbehaving/handling.py {way} --handler {handler} --handler-us {us:.0f}"


def asked(server: Server) -> float:
    """Seconds until it answers."""
    with socket.create_connection(server.address, DEADLINE_S) as sock:
        began = time.monotonic()
        sock.sendall(MESSAGE)
        assert sock.recv(100) == MESSAGE
        return time.monotonic() - began


def spoilt(way: str, handler: str) -> Strategy:
    return Strategy(command=COMMAND.format(way=way, handler=handler, us=T_S * 1e6), name=way, cwd=ROOT)


@pytest.mark.parametrize("handler", ["waits", "blocks"])
@pytest.mark.parametrize(("way", "share"), [("half", 0.5), ("tenth", 0.1), ("first", 0)])
def test_a_spoilt_one_answers_too_soon(way: str, share: float, handler: str, start: Start) -> None:
    assert share * T_S <= asked(start(spoilt(way, handler))) < T_S


@pytest.mark.parametrize("handler", ["waits", "blocks"])
def test_the_honest_one_takes_its_time(handler: str, start: Start) -> None:
    assert asked(start(spoilt("honest", handler))) >= T_S
