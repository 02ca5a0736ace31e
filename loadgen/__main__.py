"""`python -m loadgen`: one JSON command a line on stdin, one JSON answer a line on stdout.

{"do": "open", "targets": {"epoll": "tcp://127.0.0.1:4001"}, "clients": 100, "stamps": true,
 "exchange": {"service": "echo", "message_size": 64}}; the exchange has the fields of
 loadgen.exchanges.Exchange, and targets are URLs as in loadgen.target
{"do": "window", "target": "epoll", "lengths": {"head_s": 0.02, "counted_s": 0.1, "drain_limit_s": 0.5,
 "request_timeout_s": 5}, "load": {"spin_ns": 0}, "stamp_every": 8}
 or, for an open loop: "load": {"rate_rps": 2000, "arrivals": "poisson", "backlog": 10000, "seed": 1}
{"do": "balance", "target": "prefork", "workers": {"127.1.0.0:40001": 0, "127.1.0.0:40002": 3}}: the answer has, for
 each worker of the server, what the clients at these addresses got in the windows since they connected
{"do": "close"}
{"do": "quit"}

An answer with the key "error" says why the command wasn't done. The end of stdin is a quit.
"""

import argparse
import contextlib
import gc
import json
import os
import sys

from gevent.fileobject import FileObjectPosix

from loadgen import compiled_loop
from loadgen.control import Control, LoaderError, quiet_logging


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadgen", description="The load generator, steered over stdin.")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="2 or more: that many worker processes")
    parser.add_argument("--allow-remote", action="store_true", help="permit targets that are not this machine")
    parser.add_argument(
        "--loop", choices=("auto", "python", "compiled"), default="auto", help="auto: compiled, where it was compiled"
    )
    options = parser.parse_args()
    quiet_logging()
    # Answers have the pipe to themselves: whatever else prints, prints to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    compiled, why_not = _choose_loop(options.loop)
    control = Control(options.workers, options.allow_remote, compiled)
    gc.freeze()  # what was imported is never garbage; collections between windows get short
    commands = FileObjectPosix(0, "rb", close=False)  # reading must not hold Locust's hub
    ready = {"ready": True, "loop": "compiled" if compiled else "python", "why": why_not}
    print(json.dumps(ready), file=answers, flush=True)
    for line in commands:
        answer = _carry_out(control, line)
        if answer is None:
            break
        print(json.dumps(answer), file=answers, flush=True)
    with contextlib.suppress(Exception):
        control.quit()


def _choose_loop(wanted: str) -> tuple[bool, str]:
    """Whether the compiled loop serves, and if not, why."""
    if wanted == "python":
        return False, "it was asked for"
    reason = compiled_loop.why_not()
    if reason and wanted == "compiled":
        sys.exit(reason)
    return not reason, reason


def _carry_out(control: Control, line: bytes) -> dict[str, object] | None:
    """The answer to a command; None for a quit."""
    try:
        command = json.loads(line)
        match command["do"]:
            case "open":
                return control.open(command)
            case "window":
                return control.window(command)
            case "balance":
                return control.balance(command)
            case "close":
                return control.close()
            case "quit":
                return None
            case unknown:
                return {"error": f"no such command: {unknown}"}
    except LoaderError as error:
        return {"error": str(error)}
    except (KeyError, TypeError, ValueError) as error:
        return {"error": f"not a command: {error!r}"}


if __name__ == "__main__":
    main()
