"""The few lines by which a reader tells two strategies apart.

Most of a unified diff of two servers is plumbing. Of its lines those are chosen that name the most of what the other
file never names: first what comes from a library, as that is the mechanism, then names of the file's own.
"""

import ast
import keyword
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

MOST = 10  # lines of both files together
# What servers keep the contract by, and types: their names tell no mechanism.
PLUMBING = {"argparse", "collections", "contextlib", "servers", "signal", "sys", "types", "typing"}
CODE = (tokenize.NAME, tokenize.OP, tokenize.NUMBER)
DOTTED = re.compile(r"\b[^\W\d]\w*(?: \. [^\W\d]\w*)*")  # among words with blanks between them


class Line(NamedTuple):
    """A line of code, and what it names, with what stands behind dots: select.poll, self.clients."""

    number: int
    text: str
    names: frozenset[str]


class Code(NamedTuple):
    """What a file names, line by line, and which of the names it has from libraries."""

    lines: list[Line]
    imported: set[str]

    @property
    def names(self) -> set[str]:
        """Each whole, and in its parts."""
        return {part for line in self.lines for part in _parts(line.names)}


def essential(one: Path, other: Path, most: int = MOST) -> list[str]:
    """At most so many lines as a diff has them: those of one that the other lacks, then the other's.

    Raises SyntaxError where one of them isn't Python.
    """
    before, after = _code(one), _code(other)
    lost, gained = _chosen(before, after.names, most), _chosen(after, before.names, most)
    lost = lost[: max(most // 2, most - len(gained))]
    gained = gained[: most - len(lost)]
    return [*_signed("-", lost), *_signed("+", gained)]


def _chosen(code: Code, known: set[str], most: int) -> list[Line]:
    """Each line names the most that isn't `known`, nor named by the ones chosen before."""
    seen, chosen = set(known), list[Line]()

    def adds(line: Line) -> tuple[int, int]:
        of_libraries = {name for name in line.names - seen if name.split(".")[0] in code.imported}
        own = {name for name in line.names - seen if name.split(".")[-1] not in seen}
        return len(of_libraries), 0 if of_libraries else len(own)  # of those with as many the first

    while len(chosen) < most:
        best = max(code.lines, key=adds, default=None)
        if best is None or not any(adds(best)):
            break
        chosen.append(best)
        seen |= _parts(best.names)
    return chosen


def _signed(sign: str, chosen: Iterable[Line]) -> list[str]:
    """In the order of the file."""
    return [f"{sign} {line.text}" for line in sorted(chosen)]


def _code(path: Path) -> Code:
    """Of a Python file; its imports, comments and texts aside."""
    ast.parse(path.read_bytes())  # words of half a statement would be taken for code
    imported, plumbing, lines = set[str](), set[str](), list[Line]()
    with path.open(encoding="utf-8") as file:
        for tokens in _statements(file):
            if tokens[0].string in ("import", "from"):
                (plumbing if tokens[1].string in PLUMBING else imported).update(_named(tokens))
                continue
            for number in dict.fromkeys(token.start[0] for token in tokens):
                of_it = [token for token in tokens if token.start[0] == number]
                if names := frozenset(name for name in _named(of_it) if name.split(".")[0] not in plumbing):
                    lines.append(Line(number, of_it[0].line.strip(), names))
    return Code(lines, imported)


def _statements(file: TextIO) -> Iterator[list[tokenize.TokenInfo]]:
    """The words of each, be it of several lines."""
    tokens: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(file.readline):
        if token.type in CODE:
            tokens.append(token)
        elif token.type == tokenize.NEWLINE and tokens:
            yield tokens
            tokens = []


def _named(tokens: Iterable[tokenize.TokenInfo]) -> frozenset[str]:
    """What these words name."""
    found = (name.replace(" ", "") for name in DOTTED.findall(" ".join(token.string for token in tokens)))
    return frozenset(name for name in found if not keyword.iskeyword(name))


def _parts(names: Iterable[str]) -> set[str]:
    return {part for name in names for part in (name, *name.split("."))}
