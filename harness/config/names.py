"""What strategies, variants, families and profiles may be called.

A name is typed on the command line among commas and globs, becomes a part of file names, stands in tables, and is read
back from CSV, where some words mean that nothing is there.
"""

import json
import re
from collections.abc import Iterable

LONGEST = 40
TAKEN = ("all", "attached", "chapter", "na", "nan", "none", "null")  # in any case: words of options and of tables
NEVER_MIXED_UP = ("profiles",)  # names of these tables stand nowhere among such words


def fault(table: str, name: str) -> str:
    """What is wrong with a name in that table, and what to do; empty if nothing is."""
    if name.lower() in TAKEN and table not in NEVER_MIXED_UP:
        return "the word has a meaning of its own; choose another name"
    if len(name) > LONGEST or not re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]*", name):
        return (
            f'not a name: it takes letters, digits, ".", "_" and "-", a letter first, {LONGEST} signs at most; '
            "choose another"
        )
    return ""


def first_fault(table: str, names: Iterable[str]) -> str:
    """The first bad name of a table, as a key of the file and what is wrong with it; empty if all are well."""
    for name in names:
        if found := fault(table, name):
            return f"{table}.{name if re.fullmatch(r'[A-Za-z0-9_-]+', name) else json.dumps(name)}: {found}"
    return ""
