"""When the kernel got the bytes of a reply, by its own clock: there a latency ends, not where we get round to it.

The kernel stamps by CLOCK_REALTIME, all else is told by the monotonic clock. A stamp is turned into the time that the
bytes lay there, with both clocks read at once, so that only what lies there while the former is set is told wrongly.
"""

import socket
import struct
import time
from time import perf_counter_ns as clock
from typing import Any

import numpy as np

from loadgen.connection import Connection

SO_TIMESTAMPNS = getattr(socket, "SO_TIMESTAMPNS", 35)
TIMESPEC = struct.Struct("qq")
NO_STAMP = -1  # in place of how long bytes lay in the kernel
DRAWS = 8191  # a prime, so that no crowd is in step with it
READINGS = 5  # of both clocks: the closest pair tells how far they are apart


def begin() -> socket.socket:
    """Have the kernel stamp from now on, until the returned socket is closed.

    It stamps as long as some socket wants it, and takes a while to begin: clients whose connections end would have it
    stop and begin all the time.
    """
    keeper = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    keeper.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    return keeper


def draws(every: int) -> bytes:
    """For one request after the other whether its reply's stamp is read: one in `every`, at random places."""
    drawn = np.zeros(DRAWS, np.uint8)
    drawn[np.random.default_rng(every).permutation(DRAWS)[: round(DRAWS / every)]] = 1
    return drawn.tobytes()


def receive(connection: Connection, room: int) -> bytes:
    """As recv; the connection knows since when its last bytes lay there, and for how long. At its end nothing new."""
    assert connection.sock is not None
    data: bytes
    ancillary: list[Any]
    data, ancillary, _, _ = connection.sock.recvmsg(room, 64)
    if data:
        connection.lay_ns = NO_STAMP
    for _, _, stamp in ancillary:
        seconds, nanoseconds = TIMESPEC.unpack(stamp)
        connection.lay_ns = time.time_ns() - seconds * 1_000_000_000 - nanoseconds
        connection.arrived_ns = clock() - connection.lay_ns
    return data


def clocks_apart_ns() -> int:
    """By how much CLOCK_REALTIME is ahead of the monotonic clock: it changes where the former is set."""
    pairs = [(clock(), time.time_ns(), clock()) for _ in range(READINGS)]
    before, real, after = min(pairs, key=lambda pair: pair[2] - pair[0])
    return real - (before + after) // 2
