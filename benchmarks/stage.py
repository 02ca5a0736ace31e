"""Servers and a loader set up as a run sets them up, for the benchmarks that question the method itself."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import machine
from harness.config import Config, Strategy, read
from harness.processes.stage import Stage
from harness.processes.watchdog import Watchdog

ROOT = Path(__file__).resolve().parent.parent
BACKLOG = 2048
DESCRIPTORS = 16_000


def configuration() -> Config:
    return read(ROOT / "bench.toml")


def built(folder: Path, name: str, *options: str) -> Strategy:
    """The bare C server, compiled; FileNotFoundError without a compiler."""
    subprocess.run(["cc", "-O2", *options, "-o", folder / name, ROOT / "harness/doctor/echo_server.c"], check=True)
    return Strategy(name=name, command=str(folder / name), cwd=ROOT)


@contextmanager
def stage(config: Config, strategies: Mapping[str, Strategy], loop: str = "auto") -> Iterator[Stage]:
    """Fresh echo servers on one CPU, a fresh loader with that hot loop on another; nothing is left of them."""
    server_cpus, loader_cpus = machine.share_cpus(config, 1)
    machine.raise_descriptor_limit(DESCRIPTORS)
    with (
        TemporaryDirectory() as folder,
        Watchdog() as watchdog,
        Stage(
            config, watchdog, Path(folder), server_cpus=server_cpus, loader_cpus=loader_cpus, backlog=BACKLOG
        ) as theatre,
        theatre.started(strategies),
    ):
        theatre.start_loader(loop=loop)
        yield theatre
