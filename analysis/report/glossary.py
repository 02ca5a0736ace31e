"""Words and rules of the method on the page, in the words of METHODOLOGY.md: they are defined there, and only there."""

import re
from functools import cache
from pathlib import Path

METHODOLOGY = Path(__file__).resolve().parents[2] / "METHODOLOGY.md"
WORDS, LIMITS, LOOPS, LOADER, FIGURES, RANKS = (
    "Words", "What limited it", "The load", "The load generator", "The figures", "Ranks",
)  # fmt: skip
PROOFS = re.compile(r"\s*\((?:[^()\[\]]*\[[^]]*\]\([^)]*\))+[^()]*\)")  # where a claim is proved, in brackets behind it
LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")


def table(heading: str) -> list[tuple[str, str]]:
    """The first table of two columns under a heading, without its head; empty where there is none."""
    found = []
    for line in _section(heading):
        if line.startswith("|"):
            found.append([_plain(part) for part in line.strip("|").split("|")])
        elif found:
            break
    return [(word, meaning) for word, meaning, *_ in found[2:]]


def paragraph(heading: str, start: str) -> str:
    """A paragraph, or a point of a list, that starts so, as plain text; empty where there is none."""
    said: list[str] = []
    for line in _section(heading):
        is_next = not line or line.startswith(("- ", "|"))
        if said and is_next:
            break
        if said or _plain(line).startswith(start):
            said.append(line)
    return _plain(" ".join(said))


@cache
def _section(heading: str) -> list[str]:
    """The lines under a heading, up to the next."""
    try:
        lines = METHODOLOGY.read_text(encoding="utf-8").splitlines()
    except OSError:  # the project without its documents
        return []
    starts = [place for place, line in enumerate(lines) if re.fullmatch(rf"#+ {re.escape(heading)}", line)]
    if not starts:
        return []
    after = lines[starts[0] + 1 :]
    end = next((place for place, line in enumerate(after) if line.startswith("#")), len(after))
    return after[:end]


def _plain(text: str) -> str:
    """Markdown without its marks and proofs."""
    text = " ".join(LINK.sub(r"\1", PROOFS.sub("", text)).split())
    return re.sub(r"^- ", "", text).replace("**", "").replace("`", "").replace("*", "").strip()
