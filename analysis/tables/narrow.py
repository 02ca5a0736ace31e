"""Tables on a terminal that is too narrow for them: they go without some columns, and say so."""

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

Without = Sequence[str]  # the columns that are left out


def fitted(
    made: Callable[[Without], Sequence[Table]], dispensable: Sequence[str], console: Console, width: int
) -> tuple[Sequence[Table], Without]:
    """Tables that the terminal has room for, and which columns it has none for: the first of these, the first first.

    In a pipe or a file, where rich assumes 80 columns, they are whole and have `width` columns at least. What is too
    wide even so is never cut: where a table is a character too wide, "1 of 500" would become "1 of 50".
    """
    for left_out in range(len(dispensable) + 1):
        without = dispensable[:left_out]
        tables = made(without)
        needed = widest(tables, console)
        if not console.is_terminal or needed <= console.width:
            break
    console.width = max(console.width, needed, 0 if console.is_terminal else width)
    return tables, without


def widest(tables: Sequence[Table], console: Console) -> int:
    """How many columns of text they take where nothing is wrapped."""
    unbounded = console.options.update(width=1000)
    return max(console.measure(table, options=unbounded).maximum for table in tables)
