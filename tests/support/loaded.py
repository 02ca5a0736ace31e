"""run_bench.py loaded once and forked for each command: each is a process of its own, and none pays for the loading."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from tests.support.project import ROOT

MODULES = ("run_bench", "commands.bench", "commands.gate", "commands.compare", "commands.check",
           "analysis.stopping.fixed", "analysis.stopping.precision", "analysis.gate.result")  # fmt: skip


class Loaded:
    """The process that is forked."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.loaded"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def run(
        self, words: Sequence[str], folder: Path, descriptors: int | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """A command in this folder, perhaps with a lower hard limit of descriptors, and what it said."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        out, err = folder / "stdout", folder / "stderr"
        self._process.stdin.write(json.dumps([list(words), str(folder), str(out), str(err), descriptors]) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        said = out.read_text(), err.read_text()
        out.unlink()
        err.unlink()
        return subprocess.CompletedProcess(words, code, *said)

    def quit(self) -> None:
        self._process.communicate(timeout=60)


def child(words: list[str], folder: str, out: str, err: str, descriptors: int | None) -> int:
    """What the forked process does; its exit code."""
    for descriptor, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(folder)
    if descriptors:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    sys.argv = [str(ROOT / "run_bench.py"), *words]
    try:
        return int(sys.modules["run_bench"].main(words))
    except SystemExit as ended:
        return int(ended.code or 0)


def serve() -> None:
    """A line in, a process, its exit code out; until the input ends."""
    for module in MODULES:
        import_module(module)
    for line in sys.stdin:
        if (pid := os.fork()) == 0:
            code = child(*json.loads(line))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
