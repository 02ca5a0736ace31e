"""run_bench.py as a command that begins nothing: what it is told, and what it says."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.project import ROOT

TINY = "[profiles.tiny]\nblocks = 2\nrounds = 1\nmatrix = [{ service = ['echo'], clients = [2] }]\n"


@dataclass(frozen=True)
class Case:
    options: str  # {tmp} is a folder, {file} a regular file in it, {mine} the bench file if there is one
    says: tuple[str, ...]
    bench: str | None = None
    descriptors: int | None = None  # a lower hard limit for the process

    def words(self, tmp: Path) -> list[str]:
        """Those of the command, with what it needs in the folder."""
        (tmp / "file").touch()
        (tmp / "occupied" / "latest").mkdir(parents=True)
        words = self.options.format(tmp=tmp, file=tmp / "file").split()
        if "--results" not in words:
            words += ["--results", str(tmp / "results")]
        if self.bench is not None:
            (tmp / "mine.toml").write_text(self.bench)
            words += ["--bench", str(tmp / "mine.toml")]
        return words

    def run(self, tmp: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "run_bench.py"), *self.words(tmp)]
        if self.descriptors:
            command = ["sh", "-c", f'ulimit -n {self.descriptors}; exec "$@"', "sh", *command]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp)
