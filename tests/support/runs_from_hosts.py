"""A run with workers from other hosts, which here are processes of this machine that were started by hand."""

import contextlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import SETTINGS, Bench
from tests.support.host_workers import HostWorker

LINE = re.compile(r"python -m loadgen\.worker --master (\S+) --token (\S+)( --allow-remote)?")
Run = Callable[..., tuple[Bench, list[HostWorker]]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """run(workers, from_hosts, *options): the run, and its workers from elsewhere as it asks for them.

    Only `come` of them do, where that is given; the first one's interpreter is the `program`.
    """
    with contextlib.ExitStack() as stack:

        def begin(
            workers: int,
            from_hosts: int,
            *options: str,
            come: int | None = None,
            program: Sequence[str] = (sys.executable,),
            strategies: str = "epoll,poll",
            **how: Any,
        ) -> tuple[Bench, list[HostWorker]]:
            hosts = ("--workers", str(workers), "--from-hosts", str(from_hosts))
            bench = Bench(tmp_path, {}, "--strategies", strategies, *hosts, *options, **{"settings": SETTINGS} | how)
            stack.callback(bench.close)
            bench.wait(lambda: bool(LINE.search(bench.output)) or bench.process.poll() is not None)
            found = LINE.search(bench.output)
            assert found, bench.output
            programs = [program, *[(sys.executable,)] * (from_hosts - 1)][: from_hosts if come is None else come]
            joins = ("--master", found[1], "--token", found[2], *["--loop", "python"] * (program != (sys.executable,)))
            return bench, [stack.enter_context(HostWorker(*joins, program=one)) for one in programs]

        yield begin
