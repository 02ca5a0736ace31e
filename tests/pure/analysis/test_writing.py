"""Files of the analysis are written whole or not at all."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.records import writing


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 251 + ".txt")  # as long as a name can be
    writing.write(path, "old")
    assert writing.write(path, "new \N{GREEK SMALL LETTER MU}") == path
    assert path.read_text(encoding="utf-8") == "new \N{GREEK SMALL LETTER MU}"
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.mkdir()  # which no file can take the place of
    (path / "kept").touch()
    with pytest.raises(OSError, match="directory") as error:
        writing.write(path, b"new")
    assert error.value.filename == str(path)  # not what it is called meanwhile
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_a_table_without_rows_removes_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    assert writing.write_or_remove(path, pd.DataFrame({"a": [0.123456789]})) == path
    assert path.read_text() == "a\n0.1234568\n"
    assert writing.write_or_remove(path, pd.DataFrame({"a": []})) is None
    assert not path.exists()
