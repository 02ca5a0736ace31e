"""What a run records of the code that it measures."""

import hashlib
import subprocess
from pathlib import Path

from harness import source
from tests.support.project import ROOT


def git(folder: Path, *words: str) -> str:
    told = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *words]
    return subprocess.run(told, check=True, capture_output=True, text=True).stdout.strip()


def committed(folder: Path) -> str:
    git(folder, "init", "-q")
    (folder / "servers").mkdir()
    (folder / "servers/one.py").write_text("1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    return git(folder, "rev-parse", "HEAD")


def test_the_revision_is_the_commit_and_says_whether_the_tree_differs(tmp_path: Path) -> None:
    commit = committed(tmp_path)
    git(tmp_path, "tag", "-am", "a tag is no commit", "v1")
    assert source.revision(tmp_path) == commit
    (tmp_path / "servers/one.py").write_text("2\n")
    assert source.revision(tmp_path) == f"{commit}-dirty"


def test_a_copy_without_git_or_in_another_repository_has_no_revision(tmp_path: Path) -> None:
    assert source.revision(tmp_path) is None
    committed(tmp_path)
    inside = tmp_path / "unpacked"
    inside.mkdir()
    assert source.revision(inside) is None


def test_a_repository_without_a_commit_has_no_revision(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert source.revision(tmp_path) is None


def test_the_digests_are_those_of_all_servers() -> None:
    found = source.told(ROOT)["sources"]
    path = "servers/readiness/epoll_loop.py"
    assert found[path] == hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
    assert {f"servers/{name}" for name in ("contract.py", "blocking.py")} <= found.keys()
