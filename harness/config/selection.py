"""Which strategies a word stands for, on the command line and in a profile."""

import fnmatch
from collections.abc import Mapping

from harness.config.strategy import Strategy

WORDS = ("all", "chapter")  # that stand for several


def meant(word: str, strategies: Mapping[str, Strategy]) -> list[str]:
    """All of them, those of the chapter's listings, one by its name, several by a glob; none of a word unknown."""
    match word:
        case "all":
            return list(strategies)
        case "chapter":
            return [name for name, strategy in strategies.items() if strategy.listing]
        case _:
            return fnmatch.filter(strategies, word)
