"""A worker of the load generator that takes windows up late, and is heard of meanwhile: its host is slow, not gone.

python tests/support/late.py SECONDS -m loadgen.worker...
"""

import runpy
import sys
from pathlib import Path
from typing import Any

import gevent


def main(seconds: str, _: str, module: str) -> None:
    sys.path.insert(0, str(Path.cwd()))
    from loadgen.node import Node

    carry_out = Node._carry_out

    def late(self: Node, command: dict[str, Any]) -> None:
        if command["do"] == "window":
            gevent.sleep(float(seconds))
        carry_out(self, command)

    Node._carry_out = late  # type: ignore[method-assign]
    sys.argv = [module, *sys.argv[4:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
