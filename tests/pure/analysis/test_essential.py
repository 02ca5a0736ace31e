"""The few lines that tell two strategies apart: of files whose difference is known, and of the chapter's."""

from pathlib import Path

import pytest

from analysis.report.essential import MOST, essential
from tests.support.project import ROOT

PLAIN = '''"""It waits with select.poll, says its text."""

import select
from servers.contract import Options, run

def serve(listener, options: Options) -> None:
    wait = select.select  # all at every call
    while True:
        wait([listener], (), ())
'''
OTHER = PLAIN.replace("wait = select.select  # all at every call", "poll = select.poll()\n    wait = poll.poll")


def written(folder: Path, one: str, other: str) -> tuple[Path, Path]:
    paths = folder / "one.py", folder / "other.py"
    for path, text in zip(paths, (one, other), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def test_what_the_other_never_names_is_chosen_and_nothing_that_both_have(tmp_path: Path) -> None:
    assert essential(*written(tmp_path, PLAIN, OTHER)) == [
        "- wait = select.select  # all at every call", "+ poll = select.poll()",
    ]  # fmt: skip


def test_files_that_name_the_same_have_no_such_lines(tmp_path: Path) -> None:
    assert essential(*written(tmp_path, PLAIN, PLAIN.replace("waits", "rests"))) == []


def test_what_comes_from_a_library_goes_before_what_is_the_files_own(tmp_path: Path) -> None:
    own = "".join(f"    own_{number} = other_{number} = 1\n" for number in range(20))
    lines = essential(*written(tmp_path, PLAIN, OTHER + own), most=2)
    assert lines == ["- wait = select.select  # all at every call", "+ poll = select.poll()"]


def test_imports_texts_and_what_keeps_the_contract_are_no_mechanism(tmp_path: Path) -> None:
    more = "import (\n".replace("import (", "from threading import (") + "    Lock,\n    Thread,\n)\nimport signal\n"
    own = '    signal.signal(signal.SIGTERM, Thread)\n    text = "Event"\n    Thread(target=serve).start()\n'
    lines = essential(*written(tmp_path, PLAIN, PLAIN.replace("import select\n", more + "import select\n") + own), 1)
    assert lines == ["+ signal.signal(signal.SIGTERM, Thread)"] or lines == ["+ Thread(target=serve).start()"]


def test_the_chapters_pairs_have_ten_lines_at_most_of_either_file() -> None:
    files = [ROOT / "servers" / name for name in (
        "readiness/select_loop.py", "readiness/poll_loop.py", "per_client/threading_mixin.py",
        "per_client/forking_mixin.py", "reactors/twisted_protocol.py", "blocking.py",
    )]  # fmt: skip
    for one in files:
        for other in files:
            lines = essential(one, other)
            assert len(lines) <= MOST
            texts = {"-": one.read_text(encoding="utf-8"), "+": other.read_text(encoding="utf-8")}
            assert all(line[2:] in texts[line[0]] for line in lines)
            assert {line[0] for line in lines} == ({"-", "+"} if one != other else set())


def test_select_and_poll_differ_in_what_they_wait_by() -> None:
    lines = essential(ROOT / "servers/readiness/select_loop.py", ROOT / "servers/readiness/poll_loop.py")
    assert "- wait = select.select" in lines
    assert any("select.poll()" in line for line in lines if line.startswith("+"))


@pytest.mark.parametrize("half", ["import\n", "def f(\n", "x = '''\n", "if 1:\n    a\n  b\n"])
def test_a_file_in_the_midst_of_a_change_is_told(half: str, tmp_path: Path) -> None:
    (tmp_path / "half.py").write_text(half)
    (tmp_path / "whole.py").write_text("x = 1\n")
    with pytest.raises(SyntaxError):
        essential(tmp_path / "half.py", tmp_path / "whole.py")
