"""Echo servers that are wrong now and then: crossing.py another | previous | byte [--after N] [--every N].

another   the message that came before, mostly another client's (a shared buffer)
previous  the message before of the same client
byte      the right reply with a byte changed
Without --every the environment says it (EVERY), so that two variants may differ in it.
"""

import argparse
import os

from sound import Sound, run

parser = argparse.ArgumentParser()
parser.add_argument("way", choices=("another", "previous", "byte"))
parser.add_argument("--after", type=int, default=1000)  # messages of all clients together
parser.add_argument("--every", type=int, default=os.environ.get("EVERY", 500))
TOLD = parser.parse_args()


class Crosses(Sound):
    heard = 0
    last = b""  # of all
    before = b""  # of this client

    def data_received(self, data: bytes) -> None:
        Crosses.heard += 1
        wrong = {
            "another": Crosses.last,
            "previous": self.before,
            "byte": data[:9] + bytes([data[9] ^ 1]) + data[10:] if len(data) > 12 else data,
        }[TOLD.way]
        Crosses.last = self.before = data
        is_due = Crosses.heard > TOLD.after and Crosses.heard % TOLD.every == 0
        super().data_received(wrong if is_due and len(wrong) == len(data) else data)


run(Crosses)
