"""A program whose clock jumps when it is told to: time.perf_counter is ahead of the real one by what a file says.

    python tests/support/jumping.py FILE -m MODULE...

FILE has a signed number of nanoseconds in 8 bytes; whoever writes another there makes the clock jump at that instant,
as it does where a host is suspended, or restored. All else of the program is real.
"""

import mmap
import runpy
import sys
import time
from pathlib import Path

_real = time.perf_counter_ns


def main(file: str, _: str, module: str) -> None:
    with open(file, "r+b") as there:
        ahead = memoryview(mmap.mmap(there.fileno(), 8)).cast("q")
    time.perf_counter_ns = lambda: _real() + ahead[0]
    time.perf_counter = lambda: time.perf_counter_ns() / 1e9
    sys.argv = [module, *sys.argv[4:]]
    sys.path.insert(0, str(Path.cwd()))
    runpy.run_module(module, run_name="__main__", alter_sys=True)


class Clock:
    """What the tests have in their hands of it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ahead"
        self._file.write_bytes(bytes(8))
        self.program = (sys.executable, __file__, str(self._file))  # in place of the interpreter

    def jump(self, by_s: float) -> None:
        """At once."""
        before = int.from_bytes(self._file.read_bytes(), sys.byteorder, signed=True)
        after = (before + int(by_s * 1e9)).to_bytes(8, sys.byteorder, signed=True)
        with open(self._file, "r+b") as there, mmap.mmap(there.fileno(), 8) as shared:
            shared[:] = after


if __name__ == "__main__":
    main(*sys.argv[1:4])
