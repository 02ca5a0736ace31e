"""The documents say what the code does: options, strategies, examples, the chart."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.config import read

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def help_text(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "run_bench.py", *command, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    return done.stdout


def test_readme_and_help_name_the_same_options() -> None:
    in_help = set(OPTION.findall(help_text() + help_text("gate"))) - {"--help"}
    assert set(OPTION.findall(README)) == in_help


@pytest.mark.parametrize(
    "page", ["README.md", "METHODOLOGY.md", "CHANGELOG.md", "servers/README.md", "results/README.md"]
)
def test_links_and_make_targets_exist(page: str) -> None:
    text = (ROOT / page).read_text()
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / page).parent.joinpath(link).exists(), link
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"`make ([a-z-]+)", text):
        assert target in targets


def test_every_strategy_has_its_row_in_the_contract() -> None:
    contract = (ROOT / "servers/README.md").read_text()
    for name in read(ROOT / "bench.toml").strategies:
        assert re.search(rf"^\| `{re.escape(name)}` \|", contract, re.MULTILINE), name


def test_the_chart_shows_the_strategies_there_are() -> None:
    """Stale? `make bench docs` draws it anew."""
    shown = json.loads((ROOT / "docs/run.json").read_text())
    assert shown["outcome"] == "complete"
    assert list(shown["strategies"]) == list(read(ROOT / "bench.toml").strategies)


def test_the_readme_s_strategy_conforms(tmp_path: Path) -> None:
    """One new file and one line of TOML, taken from the README as they stand, nothing else."""
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    line = re.search(r"```toml\n( *mine = .*?)```", README, re.DOTALL)
    assert code is not None
    assert line is not None
    servers = tmp_path / "servers"
    servers.mkdir()
    for helper in ("__init__.py", "contract.py", "services.py"):
        shutil.copy(ROOT / "servers" / helper, servers)
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
