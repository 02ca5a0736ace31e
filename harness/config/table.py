"""What all tables of bench.toml have in common: nothing unknown in them, and one line for what is wrong."""

import difflib
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

NEAR = 0.7  # of difflib: a guess further off than this sends its reader astray


class ConfigError(Exception):
    """Bad input; its text is the one line that the user needs."""


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean "select"?)`, or nothing where nothing is near."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=NEAR)
    return f' (did you mean "{close[0]}"?)' if close else ""
