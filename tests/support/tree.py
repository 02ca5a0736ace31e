"""A session of processes that use the machine as they are told."""

import json
import subprocess
import sys

from harness.accounts import proctree
from harness.accounts.proctree import Usage
from tests.support.project import ROOT


class Tree:
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/support/misbehaving/uses_the_machine.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def does(self, *command: object) -> tuple[Usage, float]:
        """What the session used for it; and the children's CPU seconds by the kernel's word."""
        assert self.process.stdin is not None
        before = proctree.usage(self.process.pid)
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        children_s = self._answer()
        return proctree.usage(self.process.pid) - before, children_s

    def _answer(self) -> float:
        assert self.process.stdout is not None
        return float(self.process.stdout.readline())
