"""A results folder as cells.csv, read again, and as the terminal's table."""

from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from analysis.judging import cells
from analysis.records.reading import read
from analysis.tables import run as table
from tests.support.made_up import folder_of


def written(folder: Path) -> Path:
    results = read(folder)
    return cells.write(results, cells.tabulate(results))


def cells_of(folder: Path, records: list[dict[str, Any]], **run: Any) -> pd.DataFrame:
    return pd.read_csv(written(folder_of(folder, records, **run)), keep_default_na=False, na_values=[""])


def printed(folder: Path, width: int = 110, terminal: bool = False) -> str:
    """In a file, or on a terminal without colors."""
    text = StringIO()
    found = read(folder)
    console = Console(file=text, width=width, force_terminal=terminal, color_system=None)
    table.render(found, cells.tabulate(found), console)
    return text.getvalue()
