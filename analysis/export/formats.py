"""The formats that any run is exported in: a file of this folder each, of the same name, and a line here.

A format's file has `files(results, table)`: the name and the content of each file, none where the run has nothing to
put into it. It is imported when it is named, as its library may be missing.
"""

from importlib import import_module
from pathlib import Path

import pandas as pd

from analysis.records import writing
from analysis.records.reading import Results


def write(name: str, results: Results, table: pd.DataFrame, folder: Path) -> list[Path]:
    """Write a run in the format of that name, each file whole or not at all; the paths written. OSError.

    `table` is what `analysis.cells` gives. Raises ModuleNotFoundError where the format's library isn't installed.
    """
    files = import_module(f"{__package__}.{name}").files
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for file, content in files(results, table):
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        written.append(writing.write(path, content))
    return written
