"""Echo servers that take memory for each message: leaking.py keeps | returns KIB.

The one keeps it for good. Its honest twin takes as much, and lets go of it when the message is answered.
"""

import sys

from sound import Sound, run

SIZE = int(sys.argv[2]) << 10
kept: list[bytes] = []


class Keeps(Sound):
    def data_received(self, data: bytes) -> None:
        kept.append(b"x" * SIZE)
        super().data_received(data)


class Returns(Sound):
    def data_received(self, data: bytes) -> None:
        taken = b"x" * SIZE
        super().data_received(data)
        del taken


run({"keeps": Keeps, "returns": Returns}[sys.argv[1]])
