"""Who of a server's clients got how much, over the windows since they connected.

Who knows which worker of the server has which connection asks for the workers' shares: connections are told apart by
where they come from.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadgen import histogram
from loadgen.connection import Connection


class Shares:
    """Of the clients of one flood, in its order."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._connections = connections
        self._replies = np.zeros(len(connections), np.int64)
        self._sample: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []

    def begin(self) -> None:
        """A window begins: what came between windows is in no window's replies."""
        for connection in self._connections:
            connection.right = 0

    def add(self, clients: NDArray[np.int64], latencies_ns: NDArray[np.int64]) -> None:
        """A window has ended: its replies, and for each latency of its sample whose it is."""
        self._replies += np.array([connection.right for connection in self._connections], np.int64)
        self._sample.append((clients, latencies_ns))

    def of_workers(self, workers: Mapping[str, int]) -> dict[str, Any]:
        """By worker; and the replies to clients that none has. `workers` is HOST:PORT of a client's end -> worker."""
        place = np.array([_worker(connection, workers) for connection in self._connections], np.int64)
        clients = np.concatenate([one for one, _ in self._sample]) if self._sample else np.zeros(0, np.int64)
        latencies = np.concatenate([one for _, one in self._sample]) if self._sample else clients
        told = {
            str(worker): {
                "connections": int(np.count_nonzero(place == worker)),
                "requests": int(self._replies[place == worker].sum()),
                "latency_hdr": histogram.encode(latencies[place[clients] == worker]),
            }
            for worker in sorted(set(workers.values()))
        }
        return {"workers": told, "elsewhere": int(self._replies[place == NOWHERE].sum())}


NOWHERE = -1


def _worker(connection: Connection, workers: Mapping[str, int]) -> int:
    if connection.sock is None:
        return NOWHERE
    host, port = connection.sock.getsockname()[:2]
    return workers.get(f"{host}:{port}", NOWHERE)


def merge(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One answer of several workers of the load generator, each of which has some of the clients."""
    names = parts[0]["workers"].keys()
    return {
        "workers": {
            name: {
                "connections": sum(part["workers"][name]["connections"] for part in parts),
                "requests": sum(part["workers"][name]["requests"] for part in parts),
                "latency_hdr": histogram.merge([part["workers"][name]["latency_hdr"] for part in parts]),
            }
            for name in names
        },
        "elsewhere": sum(part["elsewhere"] for part in parts),
    }
