"""`run_bench.py export`: which files it writes, and the line that it says instead."""

import json
import sys
from pathlib import Path

import pytest

from analysis.export import FORMATS
from commands import export
from commands.parser import parsed
from harness.config import ConfigError
from tests.support.made_up import MadeUp, failure, folder_of


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return MadeUp(capacity={"epoll": 1e4}, groups=[(3, 64)], blocks=2, rounds=1).write(tmp_path / "run")


def done(*words: object) -> int:
    return export.run(parsed("export", list(map(str, words))))


def written(folder: Path) -> set[str]:
    return {path.relative_to(folder).parts[0] for path in folder.rglob("*") if path.is_file()}


def refusal(*words: object) -> str:
    with pytest.raises(ConfigError) as error:
        done(*words)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_each_format_has_a_file_of_its_name() -> None:
    folder = Path(export.__file__).parent.parent / "analysis" / "export"
    assert [name for name in FORMATS if not (folder / f"{name}.py").exists()] == []


def test_formats_that_are_named_are_written_beside_the_run_or_where_one_says(run: Path, tmp_path: Path) -> None:
    assert done(run, "--format", "csv,hlog") == 0
    assert written(run / "export") == {"figures.csv", "hlog"}
    assert done(run, "--format", "openmetrics", "--to", tmp_path / "a" / "b") == 0
    assert written(tmp_path / "a" / "b") == {"metrics.txt"}


def test_without_pyarrow_parquet_says_how_to_get_it(run: Path, monkeypatch: pytest.MonkeyPatch,
                                                    capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.delitem(sys.modules, "analysis.export.parquet", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)  # pandas may have pyarrow itself
    said = refusal(run, "--format", "parquet")
    assert said.startswith("--format parquet: pyarrow is not installed; run `.venv/bin/python -m uv pip install")
    assert not (run / "export").exists()
    assert done(run) == 0
    assert written(run / "export") == {"figures.csv", "hlog", "metrics.txt"}
    assert "no parquet, as pyarrow is not installed" in capsys.readouterr().out.replace("\n", " ")


def test_bad_input_is_one_line(run: Path, tmp_path: Path) -> None:
    assert 'did you mean "openmetrics"' in refusal(run, "--format", "csv,openmetric")
    assert "none: no such folder" in refusal(tmp_path / "none")
    (tmp_path / "file").touch()
    assert refusal(run, "--format", "csv", "--to", tmp_path / "file").startswith(f"--to: {tmp_path / 'file'}: ")
    told = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(told | {"schema": 99}))
    assert "schema 99" in refusal(run)


def test_a_run_that_was_killed_is_exported_as_far_as_it_came(run: Path) -> None:
    lines = (run / "windows.jsonl").read_text()
    (run / "windows.jsonl").write_text(lines[:-300])
    assert done(run, "--format", "csv,hlog,openmetrics") == 0
    assert written(run / "export") == {"figures.csv", "hlog", "metrics.txt"}


def test_a_run_in_which_all_failed_has_reasons_and_no_latencies(tmp_path: Path) -> None:
    failed = folder_of(tmp_path, [failure("epoll", status="failed", reason="no\nway")])
    assert done(failed, "--format", "hlog") == 1
    assert done(failed, "--format", "csv,hlog,openmetrics") == 0
    assert written(failed / "export") == {"figures.csv", "metrics.txt"}
