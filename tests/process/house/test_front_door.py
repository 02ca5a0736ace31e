"""What is loaded together with what, as an interpreter tells."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.made_up import MadeUp
from tests.support.project import ROOT

# The memory and the time of what measures: tables and charts come when a run has ended.
HEAVY = {"pandas", "matplotlib"}


def test_a_run_that_is_no_gate_measures_without_tables_and_charts() -> None:
    program = (
        "import sys, run_bench, commands.bench; from analysis.stopping import fixed, precision; "
        f"print(sorted({HEAVY} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_help_is_there_before_the_libraries_that_compute_and_draw() -> None:
    """Of every command, one after the other: its file is imported for its options."""
    program = (
        "import contextlib, io, sys, run_bench; from commands import VERBS\n"
        "for words in [['--help'], *([verb, '--help'] for verb in VERBS)]:\n"
        "    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "        run_bench.main(words)\n"
        f"print(sorted({HEAVY | {'locust', 'gevent', 'scipy', 'numpy', 'hdrh', 'pyarrow'}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")


# What a room must not need: a table is printed where nothing can be drawn, a chart drawn where nobody reads along.
NOT_IN = {"analysis/tables": {"matplotlib"}, "analysis/drawing": {"rich"}, "analysis/stopping": {"matplotlib", "rich"}}


@pytest.mark.parametrize("room", NOT_IN)
def test_a_room_stands_without_what_is_not_its_own(room: str) -> None:
    modules = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in (ROOT / room).glob("*.py")]
    program = f"import sys; import {', '.join(modules)}; print(sorted({NOT_IN[room]} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_front_door(tmp_path: Path) -> None:
    """All that a notebook needs, in one line."""
    folder = MadeUp(capacity={"epoll": 1e4, "poll": 9e3}, groups=[(3, 64)], blocks=2, rounds=1).write(tmp_path)
    program = (
        "from analysis import read, cells, charts\n"
        f"run = read({str(folder)!r}); table = cells(run)\n"
        "print(list(table['strategy']), sorted(charts(run, table)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout.startswith("['epoll', 'poll'] ['cpu_per_request', ")
