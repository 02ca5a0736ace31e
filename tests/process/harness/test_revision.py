"""Two revisions side by side: what they hold, what is said where that can't be, and that nothing of it is left."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from harness.config import ConfigError
from harness.variants import revision
from tests.support.repository import LINE, commit, configuration, forms_of, git, write_bench


def refusal(root: Path, ref: str, wanted: str = "all") -> str:
    with pytest.raises(ConfigError) as error, revision.against(configuration(root), wanted, ref, root):
        pass
    (line,) = str(error.value).splitlines()
    assert f"--against {ref}" in line
    return line


def test_base_is_what_was_and_head_what_is(root: Path) -> None:
    (root / "servers/two.py").write_text("third, not committed")
    forms, texts = forms_of(root, "first")
    assert texts == {"one@base": "first", "one@head": "second", "two@base": "first", "two@head": "third, not committed"}
    assert list(forms.facts) == ["base", "head"]
    assert forms.facts["base"]["revision"] == git(root, "rev-parse", "first").strip()
    assert forms.facts["head"]["changes"] == ["servers/two.py"]
    assert list(map(str, forms.notes)) == ["head is the working tree, with what is not committed: servers/two.py"]


def test_new_files_belong_to_head_and_ignored_ones_do_not(root: Path) -> None:
    (root / "servers/helper.py").write_text("new")
    (root / "servers/noise.log").write_text("ignored")
    with revision.against(configuration(root), "one", "HEAD", root) as forms:
        head = forms.strategies["one@head"].cwd
        assert (head / "servers/helper.py").exists()
        assert not (head / "servers/noise.log").exists()
        assert not (forms.strategies["one@base"].cwd / "servers/helper.py").exists()


def test_identical_revisions_are_said_to_be(root: Path) -> None:
    forms, _ = forms_of(root, "HEAD")
    assert list(map(str, forms.notes)) == ["servers/ and bench.toml are the same at HEAD and now"]


def test_a_strategy_that_base_has_not_is_not_compared(root: Path) -> None:
    write_bench(root, "one", "two", "three")
    (root / "servers/three.py").write_text("new")
    forms, _ = forms_of(root, "first")
    assert "three@head" not in forms.strategies
    assert "three: not compared, as first has no such strategy" in map(str, forms.notes)
    assert "has no strategy three" in refusal(root, "first", "three")


def test_a_strategy_that_head_has_lost_is_absent(root: Path) -> None:
    write_bench(root, "one")
    (root / "servers/two.py").unlink()
    forms, _ = forms_of(root, "first")
    assert forms.absent == {"two@head": "it is no longer in bench.toml"}
    assert "two@base" in forms.strategies


def test_unknown_revision(root: Path) -> None:
    assert "no such revision" in refusal(root, "frist")
    assert "no such revision" in refusal(root, "--help")


def test_revision_before_there_were_servers(root: Path) -> None:
    git(root, "checkout", "--quiet", "--orphan", "other")
    git(root, "rm", "--quiet", "-r", "--cached", ".")
    git(root, "add", ".gitignore")
    git(root, "commit", "--quiet", "--message", "nothing but this")
    assert "has no servers/ and bench.toml" in refusal(root, "other")


def test_shallow_clone(root: Path, tmp_path: Path) -> None:
    git(root, "clone", "--quiet", "--depth", "1", f"file://{root}", str(tmp_path / "shallow"))
    assert "git fetch --unshallow" in refusal(tmp_path / "shallow", "first")
    forms_of(tmp_path / "shallow", "HEAD")


def test_no_repository(root: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    (plain / "servers").mkdir(parents=True)
    write_bench(plain, "one")
    (plain / "servers/one.py").write_text("alone")
    assert "is no git repository" in refusal(plain, "HEAD")
    with revision.twice(configuration(plain), "one", plain) as forms:  # needs none
        assert all((form.cwd / "servers/one.py").read_text() == "alone" for form in forms.strategies.values())


def test_strategies_of_a_file_on_top_are_of_no_revision(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[strategies]\nmine = 'true'\n")
    config = configuration(root, tmp_path / "mine.toml")
    with pytest.raises(ConfigError, match=r"strategies\.mine: is no part of a revision"):  # noqa: SIM117
        with revision.against(config, "mine", "HEAD", root):
            pass


def test_base_that_this_version_cannot_read(root: Path) -> None:
    bench = (root / "bench.toml").read_text()
    odd = "one = { command = 'x', comand = 'y' }\n"
    (root / "bench.toml").write_text(bench.replace(LINE.format(name="one"), odd))
    commit(root)
    git(root, "tag", "odd")
    (root / "bench.toml").write_text(bench)
    commit(root)
    with pytest.raises(ConfigError, match=r"one\.comand: unknown key"):  # noqa: SIM117
        with revision.against(configuration(root), "all", "odd", root):
            pass


WHERE = "import servers.own\n\nprint(__file__, servers.own.__file__)\n"


def test_a_module_of_a_revision_is_its_own_and_so_is_what_it_imports(root: Path) -> None:
    """Whatever else Python would find: PYTHONPATH names the working tree, which has more."""
    bench = root / "bench.toml"
    bench.write_text(bench.read_text().replace("servers/one.py", "-m servers.one"))
    for name, text in (("__init__", ""), ("own", ""), ("one", WHERE)):
        (root / f"servers/{name}.py").write_text(text)
    commit(root)
    (root / "servers/own.py").write_text("import servers.late\n")
    (root / "servers/late.py").write_text("")
    with revision.against(configuration(root), "one", "HEAD", root) as forms:
        for form in forms.strategies.values():
            command = shlex.split(form.command.format(python=form.python, options=""))
            environment = os.environ | {"PYTHONPATH": str(root)}
            done = subprocess.run(command, cwd=form.cwd, env=environment, capture_output=True, text=True, check=True)
            assert done.stdout.split() == [str(form.cwd / "servers/one.py"), str(form.cwd / "servers/own.py")]
        (forms.strategies["one@base"].cwd / "servers/own.py").write_text("import servers.late\n")
        base = forms.strategies["one@base"].cwd
        done = subprocess.run([sys.executable, "-m", "servers.one"], cwd=base, env=environment, capture_output=True)
        assert b"No module named 'servers.late'" in done.stderr  # the working tree has it


def test_base_has_the_family_that_head_names(root: Path) -> None:
    bench = root / "bench.toml"
    one = "one = { command = '{python} servers/one.py {options}', family = 'readiness' }\n"
    bench.write_text(bench.read_text().replace(LINE.format(name="one"), one))
    forms, _ = forms_of(root, "first")
    assert {label: form.family for label, form in forms.strategies.items()} == {
        "one@base": "readiness", "one@head": "readiness", "two@base": "other", "two@head": "other"
    }  # fmt: skip
