"""A table asked column by column: a DataFrame, or the rows of one cell as plain arrays.

A run has a thousand cells, and each is asked for its columns a hundred times: of small DataFrames that takes longer
than what is worked out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Columns = pd.DataFrame | Mapping[str, NDArray[Any]]


def column(table: Columns, name: str, kind: type | None = None) -> NDArray[Any]:
    """A column as an array, of that kind if one is given: of floats, what isn't told is NaN."""
    return np.asarray(table[name], kind)


def first(table: Columns, name: str) -> Any:
    """The value of the first row."""
    return column(table, name)[0]


def length(table: Columns) -> int:
    """How many rows it has."""
    return len(table["block"])


def parts(table: pd.DataFrame, keys: Sequence[str]) -> dict[tuple[Any, ...], Mapping[str, NDArray[Any]]]:
    """The rows that have the same values of these columns, in the order of their appearance."""
    rows: dict[tuple[Any, ...], list[int]] = {}
    for row, key in enumerate(zip(*(table[name].tolist() for name in keys), strict=True)):
        rows.setdefault(key, []).append(row)
    beside = np.concatenate([*rows.values(), []]).astype(int)  # the rows of a cell, so that each is a slice
    arrays = {name: table[name].to_numpy()[beside] for name in table.columns}
    ends = np.cumsum([len(own) for own in rows.values()]).tolist()
    return {
        key: {name: array[end - len(own) : end] for name, array in arrays.items()}
        for (key, own), end in zip(rows.items(), ends, strict=True)
    }
