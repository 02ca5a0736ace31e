"""A command on a host of the tests: in its network namespace, under its name, by its clock.

    python tests/support/hosted.py NAMESPACE HOSTNAME AHEAD_S COMMAND...

It becomes the command, so that whoever starts it has its process. The monotonic clocks of two machines have nothing in
common, so the host's is so many seconds ahead of ours (from Linux 6.1 on; before, the clocks are the same).
"""

import ctypes
import os
import socket
import sys
from pathlib import Path

CLONE_NEWTIME, CLONE_NEWUTS, CLONE_NEWNET = 0x80, 0x04000000, 0x40000000  # linux/sched.h

_libc = ctypes.CDLL(None, use_errno=True)


def main(namespace: str, hostname: str, ahead_s: str, *command: str) -> None:
    with open(f"/run/netns/{namespace}") as place:
        _done(_libc.setns(place.fileno(), CLONE_NEWNET))
    _done(_libc.unshare(CLONE_NEWUTS))
    socket.sethostname(hostname)
    if int(ahead_s):
        _done(_libc.unshare(CLONE_NEWTIME))  # of what this process becomes
        Path("/proc/self/timens_offsets").write_text(f"monotonic {ahead_s} 0\n")
    os.execvp(command[0], command)


def _done(code: int) -> None:
    if code:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main(*sys.argv[1:])
