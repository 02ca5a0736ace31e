"""What a worker says of itself to its master, and what of it has to be the same on both sides.

What runs is compared, not what a tag says: a digest of the load generator's own files. Two hosts may have other
interpreters, kernels and CPUs; these are told.
"""

import hashlib
import hmac
import os
import platform
import socket
import subprocess
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
REMEDY = "bring both hosts to the same revision of this project"
GIT_LIMIT_S = 5.0
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
def revision() -> str:
    """The commit of this project, with -dirty if the files differ from it; empty where git can't tell."""
    try:
        within = _git("rev-parse", "--show-prefix")
        return "" if within else _git("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")[:LONGEST]
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(*words: str) -> str:
    """What git says of the project's folder. Raises OSError or SubprocessError."""
    done = subprocess.run(["git", *words], cwd=FOLDER.parent, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=True, timeout=GIT_LIMIT_S)  # fmt: skip
    return done.stdout.strip()


@cache
def schema() -> int:
    """The version of the record that windows are told in."""
    return int(tomllib.loads((FOLDER.parent / "schema.toml").read_text(encoding="utf-8"))["version"])


def told(compiled: bool) -> dict[str, Any]:
    """What this process says of itself and its machine."""
    return {
        "protocol": PROTOCOL,
        "sources": sources(),
        "revision": revision(),
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
        return f"it says hello in a way that isn't known here; {REMEDY}"
    if not any(is_same(hello["token"], token) for token in tokens):
        return "that is another run's token; copy the line that this run prints"
    if hello["protocol"] != own["protocol"] or hello["sources"] != own["sources"]:
        return f"{_differ('load generators', _versions(hello, own), hello, own)}; {REMEDY}"
    if hello["schema"] != own["schema"]:
        return f"{_differ('schemas of records', (hello['schema'], own['schema']), hello, own)}; {REMEDY}"
    if hello["locust"] != own["locust"]:
        told = _differ("versions of Locust", (hello["locust"], own["locust"]), hello, own)
        return f"{told}; run `make setup` anew on both hosts"
    return ""


def _differ(what: str, which: tuple[Any, Any], hello: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """Which side is which is plain on the screens of both."""
    theirs, ours = which
    return f"{what} differ: the worker's on {hello['host']} is {theirs}, the run's on {own['host']} is {ours}"


def _versions(hello: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[str, str]:
    """What people know them by: revisions, where they are known and tell them apart; else a digest of the files."""
    theirs, ours = (str(one.get("revision", "")) for one in (hello, own))
    if theirs and ours and theirs != ours:
        return f"of revision {theirs}", f"of revision {ours}"
    return _with_digest(theirs, hello["sources"]), _with_digest(ours, own["sources"])


def _with_digest(revision: str, sources: str) -> str:
    return f"of revision {revision}, " * bool(revision) + f"with files of digest {sources[:8]}"


def is_same(one: str, other: str) -> bool:
    """Whether two tokens are, in a time that doesn't tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def _is_sound(hello: Mapping[str, Any]) -> bool:
    told = {"revision": ""} | dict(hello)  # who is older doesn't tell it
    texts = all(isinstance(told.get(name), str) and len(told[name]) <= LONGEST for name in (*TEXTS, "revision"))
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
