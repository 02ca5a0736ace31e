"""What a worker says of itself to its master, and what of it has to be the same on both sides.

What runs is compared, not what a tag says: a digest of the load generator's own files. Two hosts may have other
interpreters, kernels and CPUs; these are told.
"""

import hashlib
import hmac
import os
import platform
import socket
import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

PROTOCOL = 2  # of hello, welcome and farewell; another where the other side would misread them
TOKEN = "CONCURRENCY_BENCH_TOKEN"  # an environment variable: everybody here can read command lines
FOLDER = Path(__file__).resolve().parents[1]
LONGEST = 200  # characters of a text
MOST_CPUS = 65_536
TEXTS = ("host", "cpu", "kernel", "python", "locust", "loop", "sources", "token")
FLAGS = ("reuses_ports",)
TW_REUSE = Path("/proc/sys/net/ipv4/tcp_tw_reuse")
COUNTS = {"protocol": 1 << 31, "schema": 1 << 31, "pid": 1 << 31, "cpus": MOST_CPUS}


@cache
def sources() -> str:
    """The digest of the load generator's files."""
    files = sorted([*FOLDER.rglob("*.py"), FOLDER / "hot_loop.c"])
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(FOLDER).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


@cache
def schema() -> int:
    """The version of the record that windows are told in."""
    return int(tomllib.loads((FOLDER.parent / "schema.toml").read_text(encoding="utf-8"))["version"])


def told(compiled: bool) -> dict[str, Any]:
    """What this process says of itself and its machine."""
    return {
        "protocol": PROTOCOL,
        "sources": sources(),
        "schema": schema(),
        "locust": version("locust"),
        "host": socket.gethostname()[:LONGEST],
        "pid": os.getpid(),
        "cpus": len(os.sched_getaffinity(0)),
        "cpu": _cpu_model()[:LONGEST],
        "kernel": platform.release()[:LONGEST],
        "python": platform.python_version(),
        "loop": "compiled" if compiled else "python",
        "reuses_ports": _reuses_ports(),
    }


def why_not(hello: Any, own: Mapping[str, Any], tokens: Collection[str]) -> str:
    """Why who says that isn't taken; empty for one of this run. Strangers aren't told which versions are here."""
    if not isinstance(hello, dict) or not _is_sound(hello):
        return "it says hello in a way that isn't known here; bring both hosts to the same revision"
    if not any(is_same(hello["token"], token) for token in tokens):
        return "it has no token of this run; copy the line that this run prints"
    if hello["protocol"] != own["protocol"] or hello["sources"] != own["sources"]:
        theirs, ours = hello["sources"][:8], own["sources"][:8]
        return f"its load generator is another version ({theirs}, here {ours}); bring both hosts to the same revision"
    if hello["schema"] != own["schema"]:
        return f"it records by schema {hello['schema']}, here {own['schema']}; bring both hosts to the same revision"
    if hello["locust"] != own["locust"]:
        return f"it has Locust {hello['locust']}, here {own['locust']}; run `make setup` anew on both hosts"
    return ""


def is_same(one: str, other: str) -> bool:
    """Whether two tokens are, in a time that doesn't tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def _is_sound(hello: Mapping[str, Any]) -> bool:
    texts = all(isinstance(hello.get(name), str) and len(hello[name]) <= LONGEST for name in TEXTS)
    flags = all(type(hello.get(name)) is bool for name in FLAGS)
    return (
        texts
        and flags
        and all(type(hello.get(name)) is int and 0 <= hello[name] < most for name, most in COUNTS.items())
    )


def _reuses_ports() -> bool:
    """Whether ports of connections that have ended are used again for other hosts too, not on loopback alone."""
    try:
        return TW_REUSE.read_text().strip() == "1"
    except OSError:
        return False


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
