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

With workers from other hosts (--from-hosts):
{"do": "gather", "targets": ["10.0.0.1"], "within_s": 1}: the answer has who is there, and how many are missing
{"do": "round_trips", "targets": {...}, "exchange": {...}, "times": 100, "within_s": 1}: of each worker and target

An answer with the key "error" says why the command wasn't done; where it has "lost" too (window, workers), the loader
goes on with the workers that it says are left; "who" are those that went. "news" are sentences about workers and
strangers. The end of stdin is a quit.
"""

import argparse
import contextlib
import gc
import json
import os
import sys

from gevent.fileobject import FileObjectPosix

from loadgen.control import Control
from loadgen.crew import Crew
from loadgen.hosts.workers import Workers
from loadgen.node import Node, chosen_loop, quiet_logging
from loadgen.parts import LoaderError

LOOPBACK = "127.0.0.1"


def main() -> None:
    options = _parser().parse_args()
    quiet_logging()
    # Answers have the pipe to themselves: whatever else prints, prints to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    compiled, why_not = chosen_loop(options.loop)
    if options.loop == "compiled" and not compiled:
        sys.exit(why_not)
    try:
        crew = _crew(options, compiled)
        control = Control(crew)
    except LoaderError as error:
        print(json.dumps({"error": str(error)}), file=answers, flush=True)
        sys.exit(str(error))
    gc.freeze()  # what was imported is never garbage; collections between windows get short
    commands = FileObjectPosix(0, "rb", close=False)  # reading must not hold Locust's hub
    ready = {"ready": True, "loop": "compiled" if compiled else "python", "why": why_not}
    if isinstance(crew, Workers) and crew.elsewhere:
        ready |= {"master": crew.address, "token": crew.token}
    print(json.dumps(ready), file=answers, flush=True)
    for line in commands:
        answer = _carry_out(control, line)
        if answer is None:
            break
        if news := control.news():
            answer["news"] = news
        print(json.dumps(answer), file=answers, flush=True)
    with contextlib.suppress(Exception):
        control.quit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadgen", description="The load generator, steered over stdin.")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="2 or more: that many worker processes")
    parser.add_argument("--from-hosts", type=int, default=0, metavar="N", help="of these, that come from other hosts")
    parser.add_argument("--listen", default=f"{LOOPBACK}:0", metavar="HOST:PORT", help="where these come to")
    parser.add_argument("--allow-remote", action="store_true", help="permit targets that are not this machine")
    parser.add_argument(
        "--loop", choices=("auto", "python", "compiled"), default="auto", help="auto: compiled, where it was compiled"
    )
    return parser


def _crew(options: argparse.Namespace, compiled: bool) -> Crew:
    """Who holds the clients. Raises LoaderError."""
    node = Node(options.allow_remote, compiled)
    if options.workers == 1 and not options.from_hosts:
        return Crew(node)
    host, _, port = options.listen.rpartition(":")
    own = ["--loop", "compiled" if compiled else "python", *["--allow-remote"] * options.allow_remote]
    return Workers(node, options.workers - options.from_hosts, options.from_hosts, (host, int(port)), own)


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
            case "gather":
                return control.gather(command)
            case "round_trips":
                return control.round_trips(command)
            case "close":
                return control.close()
            case "quit":
                return None
            case unknown:
                return {"error": f"no such command: {unknown}"}
    except LoaderError as error:
        told = {"lost": error.lost, "left": control.left, "who": list(error.who)} if error.lost else {}
        return {"error": str(error)} | told
    except (KeyError, TypeError, ValueError) as error:
        return {"error": f"not a command: {error!r}"}


if __name__ == "__main__":
    main()
