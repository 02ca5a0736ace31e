"""The epoll strategy, but once in ten seconds it stands still for one: what a long garbage collection does.

Takes the options of servers/readiness/epoll_loop.py; benchmarks/stall.toml measures it.
"""

import runpy
import signal
import sys
import time
from pathlib import Path

EVERY_S, FOR_S = 10.0, 1.0
ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    signal.signal(signal.SIGALRM, lambda number, frame: time.sleep(FOR_S))
    signal.setitimer(signal.ITIMER_REAL, EVERY_S, EVERY_S)
    sys.path.insert(0, str(ROOT))
    runpy.run_module("servers.readiness.epoll_loop", run_name="__main__")


if __name__ == "__main__":
    main()
