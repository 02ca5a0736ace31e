"""What git is asked about a revision: that nothing misleads it, and what is said where it refuses."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from harness.config import ConfigError
from harness.variants import revision
from tests.support.repository import LINE, commit, configuration, forms_of, git, write_bench


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another repository, which has no such revision."""
    folder = tmp_path / "other"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "file").write_text("")
    commit(folder)
    return folder


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"])
def test_an_environment_that_names_another_repository_does_not_mislead(
    root: Path, other: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    there = {"GIT_WORK_TREE": ".", "GIT_INDEX_FILE": ".git/index", "GIT_OBJECT_DIRECTORY": ".git/objects"}
    environment = {name: str(other / there.get(name, ".git"))}
    asked = ["git", "-C", str(root), "status", "--porcelain"]
    honest = subprocess.run(asked, capture_output=True, check=True).stdout
    misled = subprocess.run(asked, capture_output=True, env=os.environ | environment)
    assert (misled.returncode, misled.stdout) != (0, honest)
    with monkeypatch.context() as patched:
        patched.setenv(name, environment[name])
        with revision.against(configuration(root), "all", "first", root) as forms:
            texts = {label: (form.cwd / f"servers/{form.name}.py").read_text() for label, form in
                     forms.strategies.items()}  # fmt: skip
    assert texts == {"one@base": "first", "one@head": "second", "two@base": "first", "two@head": "first"}
    assert forms.facts["head"]["changes"] == []


@pytest.mark.parametrize("asked", ["against", "twice"])
def test_a_repository_of_another_user_is_named_with_the_remedy(
    root: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    config = configuration(root)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own way to be shown that
    with pytest.raises(ConfigError) as error:  # noqa: SIM117
        with (
            revision.against(config, "all", "HEAD", root) if asked == "against" else revision.twice(config, "all", root)
        ):
            pass
    (line,) = str(error.value).splitlines()
    assert "belongs to another user" in line
    assert f"`git config --global --add safe.directory {root}`" in line


def test_names_that_are_no_utf_8_are_copied_and_can_be_recorded(root: Path) -> None:
    odd = os.fsencode(root / "servers") + b"/odd-\xff.py"
    Path(os.fsdecode(odd)).write_text("first")
    commit(root)
    Path(os.fsdecode(odd)).write_text("second")
    with revision.against(configuration(root), "one", "HEAD", root) as forms:
        texts = [(form.cwd / "servers" / os.fsdecode(b"odd-\xff.py")).read_text() for form in forms.strategies.values()]
    assert texts == ["first", "second"]
    assert forms.facts["head"]["changes"] == ["servers/odd-\N{REPLACEMENT CHARACTER}.py"]
    json.dumps([forms.facts, *map(str, forms.notes)]).encode()
    "".join(map(str, forms.notes)).encode()  # printing does


def test_a_moved_and_an_accented_file_are_named_as_they_are(root: Path) -> None:
    (root / "servers/über uns.py").write_text("a file that is long enough to be taken for the same\n" * 9)
    commit(root)
    git(root, "mv", "servers/über uns.py", "servers/moved.py")
    forms, _ = forms_of(root, "HEAD")
    assert forms.facts["head"]["changes"] == ["servers/moved.py", "servers/über uns.py"]


def test_what_differs_and_is_not_compared_is_named(root: Path) -> None:
    for path in ("loadgen/window.py", "harness/run.py", "axes/__init__.py"):
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text("first")
    commit(root)
    git(root, "tag", "second")
    (root / "loadgen/window.py").write_text("committed")
    commit(root)
    (root / "axes/__init__.py").write_text("not committed")
    (root / "new.py").write_text("not known to git")
    (root / "ignored.log").write_text("")
    forms, _ = forms_of(root, "second")
    assert forms.facts["head"]["elsewhere"] == ["axes/", "loadgen/", "new.py"]
    assert (
        "also different from second: axes/, loadgen/, new.py: only servers/ and bench.toml are compared"
        in "; ".join(map(str, forms.notes))
    )
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "all")
    forms, _ = forms_of(root, "HEAD")
    assert forms.facts["head"]["elsewhere"] == []


def test_of_a_project_in_a_folder_of_a_repository_the_folder_counts(root: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    git(whole, "init", "--quiet", "--initial-branch=main")
    project = whole / "project"
    (project / "servers").mkdir(parents=True)
    write_bench(project, "one")
    (project / "servers/one.py").write_text(LINE)
    (whole / "outside").write_text("first")
    commit(whole)
    (whole / "outside").write_text("second")
    (project / "inside").write_text("")
    forms, _ = forms_of(project, "HEAD")
    assert forms.facts["head"]["elsewhere"] == ["inside"]
