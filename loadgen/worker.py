"""A worker of the load generator, on this host or another: `python -m loadgen.worker --master HOST:PORT --token WORD`.

It joins the run that listens there, holds the clients that it is given, and ends with it. Exit code 0: the run is over;
1: its master has gone, or has given it up; 2: bad input, not reached or turned away; 130: interrupted.
"""

import argparse
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from typing import NoReturn

import gevent

from loadgen.hosts import identity
from loadgen.hosts.member import REFUSED, Member, NotTaken
from loadgen.node import Node, chosen_loop, quiet_logging
from loadgen.target import is_here

USUAL_PORT = 5557  # Locust's


class _Parser(argparse.ArgumentParser):
    """Errors are one line."""

    def error(self, message: str) -> NoReturn:
        _complain(f"{message}; --help lists the options")
        sys.exit(REFUSED)


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    quiet_logging()
    try:
        host, port = _master(options)
        compiled, why = chosen_loop(options.loop)
        if options.loop == "compiled" and not compiled:
            raise NotTaken(why)
        hello = identity.told(compiled) | {"token": _token(options)}
        if options.token:
            _raise_descriptor_limit()
        node = Node(options.allow_remote, compiled)
        member = Member(
            node.environment, (host, port), hello, lambda host: _refusal(host, options.allow_remote), node.listen
        )
    except NotTaken as why_not:
        _complain(str(why_not))
        return REFUSED
    except KeyboardInterrupt:
        _complain("interrupted")
        return 130
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, member.leave)
    loop = "compiled" if compiled else f"Python's ({why})"
    cpus = f"{hello['cpus']} CPU{'s' * (hello['cpus'] != 1)}"
    print(f"joined {host}:{port} as {member.name}: {cpus}, the hot loop is {loop}", flush=True)
    gc.freeze()  # what was imported is never garbage; collections between windows get short
    member.greenlet.join()
    member.hang_up()
    print(f"ended: {member.why}", flush=True, file=sys.stdout if member.code == 0 else sys.stderr)
    return member.code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m loadgen.worker", allow_abbrev=False,
        description="Joins a run of run_bench.py that waits for workers from other hosts (--from-hosts).",
    )  # fmt: skip
    parser.add_argument("--master", metavar="HOST:PORT", help="where the run listens, as it prints it")
    parser.add_argument("--master-host", metavar="HOST", help="the same in two options, as Locust has them")
    parser.add_argument("--master-port", metavar="PORT", help=f"(default: {USUAL_PORT})")
    parser.add_argument(
        "--token", metavar="WORD", help=f"the run's, as it prints it (or in the variable {identity.TOKEN})"
    )
    parser.add_argument("--allow-remote", action="store_true", help="permit targets that are not this machine")
    parser.add_argument(
        "--loop", choices=("auto", "python", "compiled"), default="auto", help="auto: compiled, where it was compiled"
    )
    return parser


def _master(options: argparse.Namespace) -> tuple[str, int]:
    """Where the run listens. Raises NotTaken."""
    host, port = options.master_host, options.master_port or str(USUAL_PORT)
    if options.master:
        if host or options.master_port:
            raise NotTaken("--master and --master-host or --master-port: write one of them")
        host, _, port = options.master.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise NotTaken(f"--master {options.master or host or '(none)'}: write HOST:PORT, such as 10.0.0.1:5557")
    try:
        found = socket.getaddrinfo(host, int(port), family=socket.AF_INET, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotTaken(f"--master {host}: no such host ({error.strerror}); write its IPv4 address") from None
    return str(found[0][4][0]), int(port)


def _token(options: argparse.Namespace) -> str:
    token = options.token or os.environ.get(identity.TOKEN, "")
    if not token:
        raise NotTaken("--token: is missing; copy the line that the run prints")
    return str(token)


def _refusal(host: str, allow_remote: bool) -> str:
    """Why a host is no target of this process; empty if it may be."""
    if allow_remote or is_here(host):
        return ""
    return f"the run's servers are at {host}, which is not this machine; --allow-remote permits load on others"


def _raise_descriptor_limit() -> None:
    """As high as it may be: each client has a connection to each server. On a run's own host that has been done."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _complain(why: str) -> None:
    print(f"loadgen.worker: {why}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
