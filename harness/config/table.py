"""What all tables of bench.toml have in common: nothing unknown in them, and one line for what is wrong."""

import difflib
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

NEAR = 0.7  # of difflib: a guess further off than this sends its reader astray
MANY, FEW = 16, 6  # names that a line has room for; of more the nearest


class ConfigError(Exception):
    """Bad input; its text is the one line that the user needs."""


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean "select"?)`, or nothing where nothing is near."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=NEAR)
    return f' (did you mean "{close[0]}"?)' if close else ""


def there_are(word: str, known: Iterable[str]) -> str:
    """`there are a, b, c`; of many those that are most like the word."""
    names = list(known)
    if len(names) <= MANY:
        return f"there are {', '.join(names) or 'none'}"
    return f"the nearest of {len(names)} are {', '.join(difflib.get_close_matches(word, names, n=FEW, cutoff=0))}"
