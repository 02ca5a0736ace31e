"""How long a results folder of a thousand cells takes to be read, tabulated and reported, and in how much memory.

The folder is the recorded run's (tests/recorded/noisy-hour) several times over: each strategy under three names, each
point with four message sizes, so that groups are as large as a run of all strategies has them. The same each time.
"""

import argparse
import base64
import gzip
import json
import resource
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT / "tests" / "recorded" / "noisy-hour"
NAMES, SIZES = 3, 4  # 84 cells are 1,008


def make(folder: Path, names: int = NAMES, sizes: int = SIZES) -> Path:
    """The results folder, made: `names` x `sizes` as many cells as were recorded."""
    folder.mkdir(parents=True, exist_ok=True)
    run = json.loads((RECORDED / "run.json").read_text())
    strategies = {_name(name, copy): told for copy in range(names) for name, told in run["strategies"].items()}
    groups = len(run["groups"])
    (folder / "run.json").write_text(json.dumps(run | {"strategies": strategies}))
    with open(folder / "windows.jsonl", "w") as lines, gzip.open(RECORDED / "windows.jsonl.gz", "rt") as recorded:
        for line in recorded:
            lines.writelines(json.dumps(copy) + "\n" for copy in _copies(json.loads(line), groups, names, sizes))
    return folder


def _copies(record: dict[str, Any], groups: int, names: int, sizes: int) -> Iterator[dict[str, Any]]:
    for size in range(sizes):
        for copy in range(names):
            number = size * names + copy
            texts = {name: _anew(text, number) for name, text in record.items() if name.endswith("_hdr") and text}
            yield (
                record
                | texts
                | {
                    "strategy": _name(record["strategy"], copy),
                    "message_size": record["message_size"] + 11 * size,
                    "group": record["group"] + groups * size,
                }
            )


def _anew(histogram: str, number: int) -> str:
    """The same histogram in another text for each number up to 28: no two windows of a run have the same."""
    packed = base64.b64decode(histogram)
    cookie, _ = struct.unpack(">II", packed[:8])
    packer = zlib.compressobj((1, 4, 6, 9)[number % 4], wbits=15 - number // 4)
    content = packer.compress(zlib.decompress(packed[8:])) + packer.flush()
    return base64.b64encode(struct.pack(">II", cookie, len(content)) + content).decode()


def _name(strategy: str, copy: int) -> str:
    return f"{strategy}-{copy + 1}" if copy else strategy


def measured(folder: Path) -> dict[str, float]:
    """Seconds and MiB that a process of its own takes to read, tabulate and page a folder."""
    program = [sys.executable, "-m", "benchmarks.thousand_cells", "--of", str(folder)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _of(folder: Path) -> dict[str, float]:
    begun = time.perf_counter()
    from analysis import cells, read

    imported = time.perf_counter()
    results = read(folder)
    have_read = time.perf_counter()
    table = cells(results)
    have_tabulated = time.perf_counter()
    tabulated = _used()
    from analysis.report.page import render

    size = len(render(results, table).encode())
    return {
        "cells": len(table),
        "windows": len(results.windows) + len(results.perturbed),
        "import_s": imported - begun,
        "read_s": have_read - imported,
        "cells_s": have_tabulated - have_read,
        "report_s": time.perf_counter() - have_tabulated,
        "report_mib": size / (1 << 20),
        **{f"tabulated_{name}": value for name, value in tabulated.items()},
        **_used(),
    }


def _used() -> dict[str, float]:
    """CPU time of our own code so far, which neighbours on the machine lengthen less than the clock's, and memory."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"user_s": used.ru_utime, "peak_mib": used.ru_maxrss / 1024}


def main() -> None:
    """Make the folder, or take one; print what it took as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.thousand_cells", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--make", type=Path, metavar="FOLDER", help="make the results folder there, and keep it")
    parser.add_argument("--of", type=Path, metavar="RESULTS", help="read, tabulate and page this folder")
    asked = parser.parse_args()
    if asked.make:
        print(make(asked.make))
    elif asked.of:
        print(json.dumps(_of(asked.of)))
    else:
        with TemporaryDirectory() as folder:
            print(json.dumps(measured(make(Path(folder)))))


if __name__ == "__main__":
    main()
