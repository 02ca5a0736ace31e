"""The harness's side of the load generator."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from harness.hosts import AT_HOME, Hosts
from harness.processes.commanded import Commanded, LoaderFailed, LoaderLost

__all__ = ["CLOSED", "Loader", "LoaderFailed", "LoaderLost"]

CLOSED: dict[str, Any] = {"spin_ns": 0}


class Loader(Commanded):
    """When it is ready it says which hot loop serves (`loop`), and why it isn't the compiled one (`why`)."""

    called = "the loader"

    def __init__(
        self,
        workers: int,
        cpus: Collection[int] | None,
        logs: Path,
        loop: str = "auto",
        mark: str = "",
        *,
        allow_remote: bool = False,
        hosts: Hosts = AT_HOME,
    ) -> None:
        """Start it, its stderr going to a file in `logs`; `loop` is auto, compiled or python.

        Without `allow_remote` it asks nobody but this machine. Where workers come from other hosts, it says when it is
        ready where they come to (`master`), with which `token`.
        """
        options = ["--workers", str(workers), "--loop", loop, *(["--allow-remote"] if allow_remote else [])]
        if hosts.elsewhere:
            options += ["--from-hosts", str(hosts.elsewhere), "--listen", f"{hosts.address}:{hosts.port}"]
        super().__init__("loadgen", options, cpus, logs / "loader.err", f"{mark}.loader")

    def gather(self, targets: Collection[str], within_s: float) -> dict[str, Any]:
        """Wait for its workers from other hosts; which `workers` are there, and how many are `missing`.

        `targets` are the hosts that they are going to ask.
        """
        return self._ask({"do": "gather", "targets": list(targets), "within_s": within_s})

    def round_trips(
        self, targets: dict[str, str], exchange: dict[str, Any], times: int, within_s: float, stamps: bool = True
    ) -> list[dict[str, Any]]:
        """What a small exchange takes between each worker and each target, before clients are connected."""
        command = {"do": "round_trips", "targets": targets, "stamps": stamps, "exchange": exchange}
        return list(self._ask(command | {"times": times, "within_s": within_s})["round_trips"])

    def open(
        self,
        targets: dict[str, str],
        clients: int,
        exchange: dict[str, Any],
        stamps: bool = True,
        queue: int | None = None,
    ) -> dict[str, Any]:
        """Connect all clients to all targets; for each target, how many clients it answered.

        With `stamps` latencies end when the kernel had the reply, else when the loader saw it. No more clients than
        `queue` connect to a target at once.
        """
        command = {"do": "open", "targets": targets, "clients": clients, "stamps": bool(stamps), "exchange": exchange}
        return self._ask(command if queue is None else command | {"queue": queue})

    def window(
        self, target: str, lengths: dict[str, float], load: dict[str, Any] | None = None, stamp_every: int = 1
    ) -> dict[str, Any]:
        """Run one window; what was observed. `load` has the fields of loadgen.window's ClosedLoad or OpenLoad.

        Latencies are those of one request in `stamp_every`.
        """
        command = {"do": "window", "target": target, "lengths": lengths, "load": load or CLOSED}
        return self._ask(command | {"stamp_every": stamp_every})

    def balance(self, target: str, workers: Mapping[str, int]) -> dict[str, Any]:
        """What each worker of a target gave its clients since they connected.

        `workers` has HOST:PORT of a client's end and the number of the worker that has its connection.
        """
        return self._ask({"do": "balance", "target": target, "workers": dict(workers)})

    def close(self) -> None:
        """Close all connections."""
        self._ask({"do": "close"})
