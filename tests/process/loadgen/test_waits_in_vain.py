"""A client that hangs, times out, comes again and hangs again: it starves, in either loop and load."""

import socket
from typing import Any

import pytest

from harness.processes.loader import Loader
from tests.support.peers import LENGTHS, messages, opened, peers

SOON = LENGTHS | {"counted_s": 0.2, "request_timeout_s": 0.15}
OPEN = {"rate_rps": 300.0, "arrivals": "even", "backlog": 1000, "seed": 1}
LOADS: dict[str, tuple[Any, ...]] = {"closed": (), "open": (OPEN,)}
FORGOTTEN, ANSWERS = b"00000000", 5


class Forgets:
    """Answers one client so often, on whichever connection it comes, and, if it `remembers`, later again."""

    def __init__(self, remembers_from: int) -> None:
        self.heard = 0
        self.remembers_from = remembers_from

    def __call__(self, sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            if message[:8] == FORGOTTEN:
                self.heard += 1
                if ANSWERS < self.heard < self.remembers_from:
                    continue
            sock.sendall(message)


def windows(loader: Loader, load: str, talk: Forgets) -> list[dict[str, Any]]:
    with peers(it=talk) as started, opened(loader, {"it": started["it"].url}):
        return [loader.window("it", SOON, *LOADS[load]) for _ in range(4)]


@pytest.mark.parametrize("load", LOADS)
def test_a_client_that_times_out_again_and_again_starves(one_worker: Loader, load: str) -> None:
    seen = windows(one_worker, load, Forgets(remembers_from=10**9))
    assert [one["unanswered"] for one in seen[-2:]] == [1, 1]
    assert sum(one["errors"].get("timed_out", 0) for one in seen) > 0


@pytest.mark.parametrize("load", LOADS)
def test_a_client_that_is_served_again_does_not(one_worker: Loader, load: str) -> None:
    seen = windows(one_worker, load, Forgets(remembers_from=ANSWERS + 2))
    assert sum(one["errors"].get("timed_out", 0) for one in seen) == 1
    assert seen[-1]["unanswered"] == 0
