"""Beside the chapter: a library's own program, such as gunicorn, as a line of a bench file.

Mechanism: the program's. `python -m servers.http.program gunicorn ...` is `python -m gunicorn ...`, but it is skipped
where it isn't installed, logs nothing below errors, and ends with 0 at SIGTERM where it has no word of its own.
`uvicorn,httptools` is uvicorn, skipped where either is missing.
Cost: the program's; an import before it starts.
Example: python -m servers.http.program waitress --listen 127.0.0.1:9000 servers.http.wsgi_application:application
"""

import logging
import os
import runpy
import signal
import sys

from servers.contract import library


def start(names: str) -> None:
    program, *libraries = names.split(",")
    for name in (program, *libraries):
        with library(name, "make http"):
            __import__(name)
    logging.disable(logging.WARNING)  # waitress has one for each request that waits for a thread
    sys.argv = [program, *sys.argv[2:]]
    for stop_signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop_signal, lambda signum, frame: os._exit(0))
    runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        raise SystemExit(0 if "--help" in sys.argv else 2)
    start(sys.argv[1])
