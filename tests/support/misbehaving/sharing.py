"""Echo servers that share their port with any other copy of them: sharing.py loop | grandchild PORT.

SO_REUSEPORT lets a second copy start, and it takes half of the connections. grandchild serves in the child of a child.
The environment's LAG_US are spent on each message, so that two variants may differ in it.
"""

import os
import sys
import time

from launching import child, launch
from sound import Sound, run

LAG_S = float(os.environ.get("LAG_US", 0)) * 1e-6


class Lags(Sound):
    def data_received(self, data: bytes) -> None:
        until = time.perf_counter() + LAG_S
        while time.perf_counter() < until:
            pass
        super().data_received(data)


def serve() -> None:
    run(Lags, port=int(sys.argv[2]), reuse_port=True)


if sys.argv[1] == "grandchild":
    launch(child(lambda: launch(child(serve))))
else:
    serve()
