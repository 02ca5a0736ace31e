"""Echo servers that a company brings out the worst of: beside.py keeps | attends | crowded | choked.

keeps    holds whatever a client doesn't read, and goes on reading from it
attends  waits 2 ms for the rest of a message that isn't whole, and nobody else is served meanwhile
crowded  dies of more than 40 connections
choked   dies of the thirtieth message that isn't whole

At its first start, which the conformance check has, nothing is wrong with it.
"""

import os
import sys
import time

from sound import Sound, run, starts_so_far

WAY = sys.argv[1]
PLACES, BITES, REST_S = 40, 30, 0.002


class Keeps(Sound):
    def pause_writing(self) -> None:
        pass


class Attends(Sound):
    def data_received(self, data: bytes) -> None:
        if not data.endswith(b"\n"):
            time.sleep(REST_S)
        super().data_received(data)


class Crowded(Sound):
    connections = 0

    def connection_made(self, transport: object) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        Crowded.connections += 1
        if Crowded.connections > PLACES:
            die("no place for so many")

    def connection_lost(self, why: object) -> None:
        Crowded.connections -= 1


class Choked(Sound):
    bites = 0

    def data_received(self, data: bytes) -> None:
        Choked.bites += not data.endswith(b"\n")
        if Choked.bites == BITES:
            die("choked on crumbs")
        super().data_received(data)


def die(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
    os._exit(7)


WAYS = {"keeps": Keeps, "attends": Attends, "crowded": Crowded, "choked": Choked}
run(Sound if starts_so_far(f"beside-{WAY}") == 1 else WAYS[WAY])
