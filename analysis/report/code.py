"""A strategy's own code, highlighted, and how it differs from its nearest neighbour.

The code is that of this working tree: a run records a server's command and its file's digest, not its text.
"""

import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import DiffLexer, PythonLexer

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ROOT / "servers"
STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
COLOURED = set(re.findall(r"\.code \.(\w+)", STYLE))  # classes of words
SPAN = re.compile(r'<span class="(\w+)">([^<]*)</span>')
MODULE = re.compile(r"-m\s+(servers(?:\.[A-Za-z_][A-Za-z_0-9]*)+)(?:\s|$)")


def source(run: Mapping[str, Any], strategy: str) -> Path | None:
    """The file that a strategy's command names, if it is one of the servers of this project."""
    command = str(((run.get("strategies") or {}).get(strategy) or {}).get("command") or "")
    found = MODULE.search(command)
    path = ROOT.joinpath(*found[1].split(".")).with_suffix(".py") if found else None
    return path if path and path.is_file() and SERVERS in path.resolve().parents else None


def neighbour(run: Mapping[str, Any], strategy: str, everyone: Sequence[str]) -> str:
    """Of the same family the strategy whose file is most alike; empty if there is none."""
    told = run.get("strategies") or {}
    mine = source(run, strategy)
    family = (told.get(strategy) or {}).get("family")
    others = [name for name in everyone if name != strategy and (told.get(name) or {}).get("family") == family]
    known = {name: path for name in others if (path := source(run, name)) and path != mine}
    if not mine or not known:
        return ""
    return max(known, key=lambda name: _likeness(*sorted((mine, known[name]))))


def has_changed(run: Mapping[str, Any], path: Path) -> bool | None:
    """Whether a file is another than when the run began; None where the run doesn't say."""
    recorded = (run.get("sources") or {}).get(named(path))
    return None if recorded is None else recorded != hashlib.sha256(path.read_bytes()).hexdigest()


def highlighted(path: Path) -> Markup:
    """A file as HTML, with a class for each kind of word."""
    return _as_html(path.read_text(encoding="utf-8"), PythonLexer())


def difference(one: Path, other: Path) -> Markup:
    """What has to be changed in one file to have the other, as HTML."""
    before, after = (path.read_text(encoding="utf-8").splitlines() for path in (one, other))
    return as_diff(difflib.unified_diff(before, after, one.name, other.name, lineterm="", n=2))


def as_diff(lines: Iterable[str]) -> Markup:
    """Lines, each with its sign, as HTML."""
    return _as_html("\n".join(lines), DiffLexer())


def _as_html(text: str, lexer: Lexer) -> Markup:
    """A text with the kinds of words that the style sheet colours; marks of others would double the page."""
    html = highlight(text, lexer, HtmlFormatter(nowrap=True))
    return Markup(SPAN.sub(lambda found: found[0] if found[1] in COLOURED else found[2], html))


def named(path: Path) -> str:
    """A file by its place in the project."""
    return path.relative_to(ROOT).as_posix()


@cache
def _likeness(one: Path, other: Path) -> float:
    before, after = (path.read_text(encoding="utf-8").splitlines() for path in (one, other))
    return difflib.SequenceMatcher(None, before, after, autojunk=False).ratio()
