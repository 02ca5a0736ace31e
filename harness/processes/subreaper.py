"""A server keeps what comes of it: who forks twice and ends leaves an orphan, which becomes the server's own child.

So a daemon of it is known by its parent, whatever session it leads and whatever it did to its environment.
"""

import ctypes

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h; kept by exec, and not inherited by children
# With the interpreter's lock held: between fork and exec nothing else of it may run.
_prctl = ctypes.PyDLL(None).prctl
_YES, _UNUSED = ctypes.c_ulong(1), ctypes.c_ulong(0)


def keep_orphans() -> None:
    """Let this process be the parent of all orphans that come of it; where the kernel can't, they are init's."""
    _prctl(PR_SET_CHILD_SUBREAPER, _YES, _UNUSED, _UNUSED, _UNUSED)
