"""A small project with a history, of which a base and a head can be compared."""

import re
import subprocess
from pathlib import Path

from harness.config import Config, read
from harness.variants import revision
from harness.variants.entries import Forms
from tests.support.project import ROOT

LINE = '{name} = "{{python}} servers/{name}.py {{options}}"\n'


def write_bench(root: Path, *names: str) -> None:
    settings = (ROOT / "bench.toml").read_text()
    before, _, rest = settings.partition("[strategies]\n")
    after = rest[rest.index("# --- the servers' surroundings") :]
    after = re.sub(r"^(strategies|reference) = .*\n", "", after, flags=re.MULTILINE)  # of profiles: here are others
    lines = "".join(LINE.format(name=name) for name in names)
    text = before.replace('reference = "epoll"', f'reference = "{names[0]}"') + "[strategies]\n" + lines + after
    (root / "bench.toml").write_text(text)


def git(root: Path, *words: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid"]
    done = subprocess.run(["git", "-C", str(root), *identity, *words], capture_output=True, text=True, check=True)
    return done.stdout


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "a step")


def configuration(root: Path, on_top: Path | None = None) -> Config:
    return read(root / "bench.toml", on_top)


def forms_of(root: Path, ref: str, wanted: str = "all") -> tuple[Forms, dict[str, str]]:
    """The forms, and what stands in the file of each while they are there."""
    with revision.against(configuration(root), wanted, ref, root) as forms:
        texts = {
            label: (form.cwd / "servers" / f"{form.name}.py").read_text()
            for label, form in forms.strategies.items()
            if label not in forms.absent
        }
        assert len({len(str(form.cwd)) for form in forms.strategies.values()}) == 1
    assert not any(form.cwd.exists() for form in forms.strategies.values())
    assert git(root, "worktree", "list").count("\n") == 1
    return forms, texts
