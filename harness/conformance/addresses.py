"""Whether a server treats clients by the address that they come from: a run's come from many of 127.0.0.0/8."""

import time
from dataclasses import replace

from harness.conformance.client import HOME, Drive, Nonconformance, Target, fresh_address

NOTICED_S, TRIES, FACTOR = 0.02, 3, 5.0  # what is quicker harms nobody; slower by how much, each time
REMEDY = "let it serve all of 127.0.0.0/8 alike, and look up no client's name"


def refuses_others(target: Target, served: Drive) -> str:
    """What is wrong with a server that serves clients from 127.0.0.1 and not the target's; nothing if it isn't so."""
    try:
        served(replace(target, source=HOME))
    except (Nonconformance, OSError):
        return ""  # it serves nobody
    try:
        served(target)
    except Nonconformance as failure:
        return f"serves clients from {HOME}, and not those from {target.source}, as a run's are: {failure}; {REMEDY}"
    except OSError:
        pass  # our own side fails: that tells nothing of the server
    return ""


def slows_others(target: Target, served: Drive) -> str:
    """What is wrong with a server that takes longer for clients from elsewhere, each time; nothing if it isn't so."""
    if _took_s(target, served) < NOTICED_S:
        return ""
    at_home_s, elsewhere_s = [], []
    for _ in range(TRIES):
        at_home_s.append(_took_s(replace(target, source=HOME), served))
        elsewhere_s.append(_took_s(replace(target, source=fresh_address()), served))
    if min(elsewhere_s) < max(NOTICED_S, FACTOR * max(at_home_s)):
        return ""
    return (
        f"serves clients from {HOME} within {max(at_home_s) * 1e3:.0f} ms, and those from other addresses, as a run's "
        f"are, only after {min(elsewhere_s) * 1e3:.0f} ms; {REMEDY}"
    )


def _took_s(target: Target, served: Drive) -> float:
    began = time.monotonic()
    served(target)
    return time.monotonic() - began
