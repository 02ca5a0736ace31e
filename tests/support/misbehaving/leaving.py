"""Servers whose worker leaves the session of its launcher: leaving.py WAY.

session     the worker has a session of its own, and ends with its launcher
orphan      the same, and it outlives its launcher
daemon      a double fork, as daemons do it; the launcher ends at once
grandchild  the child of a child that has a process group of its own
late        the worker leaves when it has heard 3,000 messages
cleared     a double fork of which nothing is left but the worker, whose environment is empty; the launcher stays
cleared-daemon  the same, and the launcher ends at once
"""

import os
import signal
import sys

from launching import child, launch
from sound import Sound, run

ENDURES = 3000


class Leaves(Sound):
    heard = 0

    def data_received(self, data: bytes) -> None:
        Leaves.heard += 1
        if Leaves.heard == ENDURES:
            os.setsid()
        super().data_received(data)


def serve_apart() -> None:
    os.setsid()
    run()


def launch_in_a_group() -> None:
    os.setpgid(0, 0)
    launch(child(serve_apart))


def daemonize() -> None:
    os.setsid()
    child(run)


def serve_cleared() -> None:
    os.setsid()
    if not os.fork():
        os.execve(sys.executable, [sys.executable, __file__, "serve"], {})


match sys.argv[1]:
    case "session":
        launch(child(serve_apart))
    case "orphan":
        launch(child(serve_apart), ends_it=False)
    case "daemon":
        child(daemonize)
    case "grandchild":
        launch(child(launch_in_a_group))
    case "cleared":
        os.waitpid(child(serve_cleared), 0)
        signal.pause()
    case "cleared-daemon":
        child(serve_cleared)
    case "serve":
        run()
    case "late":
        launch(child(lambda: run(Leaves)))
