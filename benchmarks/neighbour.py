"""A noisy neighbour, made up (`python -m benchmarks.neighbour & make bench`): what does a run make of a noisy hour?

Bursts of work on each CPU, half of the time, until it is killed or the seconds given (default: 400) are over.
"""

import os
import random
import sys
import time

LENGTHS_S = (0.02, 0.4)  # of bursts and pauses


def main(seconds: float) -> None:
    """One process a CPU; each ends with the one that started it."""
    ends = time.monotonic() + seconds
    first, *others = sorted(os.sched_getaffinity(0))
    for cpu in others:
        if not os.fork():
            _burn(cpu, ends)
            os._exit(0)
    _burn(first, ends)


def _burn(cpu: int, ends: float) -> None:
    os.sched_setaffinity(0, {cpu})
    lengths = random.Random()  # of its own, so that several are no single larger one
    parent = os.getppid()
    while (now := time.monotonic()) < ends and os.getppid() == parent:
        until = now + lengths.uniform(*LENGTHS_S)
        while time.monotonic() < until:
            pass
        time.sleep(lengths.uniform(*LENGTHS_S))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 400.0)
