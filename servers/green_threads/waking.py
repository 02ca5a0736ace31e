"""How servers on gevent hear signals: by Python's handlers, as all others of this project do."""

import signal
import socket

from servers.contract import library

with library("gevent"):
    import gevent


def wake_for_signals() -> None:
    """Python's handlers might wait for the loop's next event: a byte is that. libev's would wait for ours to end."""
    theirs, ours = socket.socketpair()
    for end in (theirs, ours):
        end.setblocking(False)
    signal.set_wakeup_fd(ours.detach())
    gevent.get_hub().loop.io(theirs.detach(), 1).start(lambda: None)
