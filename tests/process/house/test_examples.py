"""What the documents show works as it stands."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.config import read
from tests.support.project import ROOT

STRATEGIES = (ROOT / "docs/strategies.md").read_text()


def test_the_strategy_in_python_conforms(tmp_path: Path) -> None:
    """One new file and one line of TOML, taken from the document as they stand, nothing else."""
    code = re.search(r"```python\n(.*?)```", STRATEGIES, re.DOTALL)
    line = re.search(r"```toml\n( *mine = .*?)```", STRATEGIES, re.DOTALL)
    assert code is not None
    assert line is not None
    servers = tmp_path / "servers"
    servers.mkdir()
    for helper in ("__init__.py", "contract.py", "handlers.py", "listening.py"):
        shutil.copy(ROOT / "servers" / helper, servers)
    shutil.copytree(ROOT / "servers" / "services", servers / "services")
    (servers / "mine.py").write_text("\n".join(row[3:] for row in code[1].splitlines()))
    bench = tmp_path / "mine.toml"
    bench.write_text("[strategies]\n" + line[1].strip() + "\n")
    done = subprocess.run(
        [sys.executable, "run_bench.py", "check", "--bench", str(bench), "--strategies", "mine"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", ["docs/strategies.md", "docs/gate.md", "docs/hosts.md"])
def test_every_bench_file_that_is_shown_can_be_read(page: str, tmp_path: Path) -> None:
    shown = re.findall(r"^```toml\n(\[.*?)```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)
    assert shown
    for text in shown:
        bench = tmp_path / "shown.toml"
        bench.write_text(text)
        read(ROOT / "bench.toml", bench)
