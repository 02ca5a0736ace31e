"""What a cell is among others: its point on the axes, the group that it is compared in, what it is called.

The axes are those of axes/; in tables each has a column of its name. What has no limit stands there as the list has
it (0, or an empty text), and is empty in files.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

import pandas as pd

import axes
from axes import ALONG, ATTACHED, AXES

POINT = [*AXES, ALONG]
CELL_KEYS = ["strategy", "variant", *POINT]
_point, _key = itemgetter(*POINT), itemgetter(*CELL_KEYS)
SWEPT = [axis.name for axis in AXES.values() if axis.stem]  # that charts are drawn along
Row = Mapping[str, Any] | pd.Series
Group = tuple[Any, ...]


def as_columns(read: Mapping[str, pd.Series]) -> dict[str, pd.Series]:
    """The columns of records with the axes as tables have them: nothing null, each of its kind."""
    filled = dict(read)
    for name, axis in AXES.items():
        values = [axis.unlimited if value is None or value != value else value for value in read[name]]
        filled[name] = pd.Series(values, dtype=int if axis.kind in ("count", "bytes", "time") else object)
    return filled | {key: pd.Series([value or "" for value in read[key]], dtype=object) for key in (ALONG, "variant")}


def as_file(table: pd.DataFrame) -> pd.DataFrame:
    """The same table as cells.csv has it: what has no limit is empty, and where an attached server stands unknown."""
    unlimited = {name: axis.unlimited for name, axis in AXES.items() if axis.unlimited is not None}
    found = table.assign(**{name: table[name].astype(object).where(table[name] != n) for name, n in unlimited.items()})
    is_known = table["variant"] != ATTACHED
    if "status" in table:
        is_known |= table["status"] == "skipped"  # as what was asked for there can't be chosen
    if not is_known.all():
        found = found.assign(**{name: table[name].astype(object).where(is_known) for name in axes.of_owner()})
    return found


def stood_for(record: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """What takes the place in tables of an attached server's axes that nobody knows: where its neighbours stand."""
    if record.get("variant") != ATTACHED:
        return {}
    return {name: usual.get(name) for name in axes.of_owner() if record.get(name) is None}


def key_of(cell: Row) -> tuple[Any, ...]:
    """What tells a cell from all others of its run."""
    return _key(cell)


def is_attached(cell: Row) -> bool:
    """Whether its server ran already, somewhere, and isn't one that was started for the run."""
    return bool(cell["variant"] == ATTACHED)


def group_of(cell: Row) -> Group:
    """The group of a cell: its point but for the axis that the group is compared along.

    Servers that are attached are in the same rounds, and in a group of their own.
    """
    point = _point(cell)
    if cell[ALONG]:
        place = POINT.index(cell[ALONG])
        point = (*point[:place], "", *point[place + 1 :])
    return (*point, is_attached(cell))


def by_group(cells: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The cells of each group, in the order of their appearance."""
    ids = [group_of(cell) for cell in as_rows(cells[["variant", *POINT]])]
    for group in dict.fromkeys(ids):
        yield cells[[one == group for one in ids]]


def title(cells: pd.DataFrame, usual: Mapping[str, Any], *, in_full: bool = False) -> str:
    """Of a group, as everywhere: echo, 100 clients, 64 B; and a word where its servers are attached."""
    values = {name: cells[name].iloc[0] for name in AXES}
    along = cells[ALONG].iloc[0]
    if along:
        values[along] = tuple(sorted(cells[along].unique(), key=AXES[along].place))
    return axes.title(values, usual, in_full=in_full) + f", {ATTACHED}" * bool((cells["variant"] == ATTACHED).all())


def as_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as plain mappings: where each is looked at, that is many times quicker than rows of pandas."""
    names = table.columns.tolist()
    return [dict(zip(names, values, strict=True)) for values in table.to_numpy(object).tolist()]


def label(cell: Row) -> str:
    """What a strategy is called: with its variant if it has one."""
    return f"{cell['strategy']}@{cell['variant']}" if cell["variant"] else str(cell["strategy"])


def nearly_all(some: Sequence[str], everyone: Sequence[str]) -> str:
    """Most of several: all, or all but one or two; empty where they are better named."""
    rest = [name for name in everyone if name not in some]
    if len(some) <= max(2, len(rest)) or len(rest) > 2:
        return ""
    return f"all but {' and '.join(rest)}" if rest else "all"


def member(cell: Row) -> str:
    """What a cell is called in its group: with its value on the axis that is compared along, epoll (1 KiB)."""
    along = cell[ALONG]
    return f"{label(cell)} ({AXES[along].write(cell[along])})" if along else label(cell)
