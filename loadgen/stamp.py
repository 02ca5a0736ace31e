"""When the kernel got the bytes of a reply, by its own clock: how long they lay there before we looked."""

import socket
import struct
import time
from time import perf_counter_ns as clock
from typing import Any

from loadgen.log import Log

SO_TIMESTAMPNS = getattr(socket, "SO_TIMESTAMPNS", 35)
TIMESPEC = struct.Struct("qq")


def receive(sock: Any, room: int, log: Log) -> tuple[bytes, bool]:
    """As recv, and whether there was a stamp, which the log has now. At a connection's end there is none."""
    data, ancillary, _, _ = sock.recvmsg(room, 64)
    for _, _, stamp in ancillary:
        seconds, nanoseconds = TIMESPEC.unpack(stamp)
        log.arrival_ns.append(time.time_ns() - seconds * 1_000_000_000 - nanoseconds)
        log.audited_ns.append(clock())
    return data, bool(ancillary)
