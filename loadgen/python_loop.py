"""The hot loop in Python: the readable reference, and what serves where nothing was compiled.

It handles the clients that are `quick` (nothing but a whole reply is awaited) and leaves every other case to the
flood. Nothing is computed here: what a window means is sorted out afterwards.
"""

import os
from collections.abc import Callable
from time import perf_counter_ns as clock

from loadgen import stamp
from loadgen.arrivals import FAR_NS
from loadgen.connections import EVENTS_PER_POLL, IN, LARGEST_READ
from loadgen.flood import Flood
from loadgen.loops import LONGEST_STRETCH_NS, spin

SPIN_BEFORE_NS = 2_000_000  # epoll waits in whole milliseconds: nearer arrivals are waited for awake


class PythonLoop:
    follows_ends = False

    def __init__(self, flood: Flood) -> None:
        self._flood = flood
        # one byte more than is right, to see one too many; told once, as large messages take long to be made
        exchange = flood.exchange
        self._room = LARGEST_READ if exchange.varies else min(exchange.reply_size + 1, LARGEST_READ)

    def run(self, until_ns: int, breathe: Callable[[], None]) -> None:
        """Handle events until then, or until the flood is at rest; the hub breathes now and then."""
        while (now := clock()) < until_ns and not self._flood.at_rest:
            self._stretch(min(until_ns, now + LONGEST_STRETCH_NS))
            breathe()

    def _stretch(self, until_ns: int) -> None:
        flood = self._flood
        poll, by_fd, read, write = flood.epoll.poll, flood.by_fd, os.read, os.write
        log, again, arrivals, spin_ns = flood.log, flood.again, flood.arrivals, flood.spin_ns
        answered, took = log.answered_ns.append, log.took_ns.append
        room = self._room
        draw, stamps = flood.draw, flood.stamps
        asked = 0
        while (now := clock()) < until_ns:
            wake_ns = until_ns
            if not again:
                _dispatch(flood)
                if flood.at_rest:
                    break
                next_ns = FAR_NS if arrivals is None else arrivals.next_ns
                wake_ns = max(min(until_ns, next_ns - SPIN_BEFORE_NS), now)
            for fd, event in poll((wake_ns - now) / 1e9, EVENTS_PER_POLL):
                connection = by_fd[fd]
                if event != IN or not (connection.quick and connection.open):
                    flood.event(connection, event)
                    continue
                try:
                    data = stamp.receive(connection, room) if connection.drawn and stamps else read(fd, room)
                except OSError as error:
                    flood.broke(connection, error)
                    continue
                request = connection.request
                if data != request.reply:
                    flood.received(connection, data)
                    continue
                now = clock()
                answered(now)
                connection.right += 1
                took(now - connection.asked_ns)
                if connection.drawn:
                    flood.note_sample(connection, now)
                connection.served = True
                connection.request = connection.following
                connection.following = request
                if spin_ns:
                    spin(now + spin_ns)
                    now = clock()
                if not again:
                    if arrivals is not None:
                        log.delayed_ns.append(connection.asked_ns - connection.intended_ns)
                    connection.open = False
                    flood.awaited -= 1
                    flood.idle.append(connection)
                    continue
                connection.asked_ns = now
                connection.drawn = draw()
                asked += 1
                message = connection.request.message
                try:
                    sent = write(fd, message)
                except BlockingIOError:
                    sent = 0
                except OSError as error:
                    flood.broke(connection, error)
                    continue
                if sent != len(message):
                    connection.unsent = len(message)
                    flood.sent(connection, sent)
        log.asked += asked


def _dispatch(flood: Flood) -> None:
    """Let in the arrivals that are due, and give each an idle client."""
    arrivals = flood.arrivals
    if arrivals is None:
        return
    while True:
        arrivals.let_in(clock(), len(flood.idle))
        if not (arrivals.waiting and flood.idle):
            return
        connection = flood.idle.popleft()
        connection.intended_ns = arrivals.begin()
        flood.ask(connection)
