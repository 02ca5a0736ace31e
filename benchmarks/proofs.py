"""What the project claims of itself, and what each sitting found (`python -m benchmarks.proofs`): docs/proofs.md.

benchmarks/proofs.toml says what is claimed and what would refute it, benchmarks/proofs/ what was found.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path

from benchmarks import sitting
from benchmarks.sitting import Figure, Sitting
from benchmarks.stage import ROOT

CLAIMS = ROOT / "benchmarks" / "proofs.toml"
DOCUMENT = ROOT / "docs" / "proofs.md"
HEAD = """\
<!-- made by `make proofs` from benchmarks/proofs.toml and benchmarks/proofs/ -->
# Proofs

What this project claims of its method, and what was found when it was tried. A *sitting* is one time that the claim's
command was run. A sitting that speaks against its claim is kept like any other.

*Held* says whether the newest figure speaks for its claim; it is empty where a number alone can't say that. The
range is that of a figure over all its sittings. *The hour* is the smallest difference that shows in 60 s, as
`run_bench.py doctor` measures it. The first sittings have no such number, as they come from older documents: their
hour is told in the words that were written down, their revision is the first whose documents had them, and of some
figures only the range is known.

"""


@dataclass(frozen=True)
class Claim:
    """One claim; proofs.toml says what its parts mean."""

    name: str
    sentence: str
    unit: str  # "share" is written in per cent, "ratio" without a unit
    bounds: str  # what low and high of a figure are; empty where it has none
    refuted: str
    command: str
    minutes: float
    least: float = -inf  # a figure beyond these speaks against it, where that is said by a number alone
    most: float = inf

    def held(self, figure: Figure) -> str:
        """Whether it speaks for the claim: yes, no, or nothing where no number says so."""
        if figure.value is None or (self.least, self.most) == (-inf, inf):
            return ""
        return "yes" if self.least <= figure.value <= self.most else "no"


@dataclass(frozen=True)
class Found:
    """What all sittings together say of one figure of a claim."""

    of: str
    newest: Figure
    when: Sitting
    low: float  # of all sittings
    high: float
    sittings: int


def claims(path: Path = CLAIMS) -> list[Claim]:
    """In the order of the file."""
    return [Claim(name, **told) for name, told in tomllib.loads(path.read_text(encoding="utf-8")).items()]


def found(sittings: Sequence[Sitting]) -> list[Found]:
    """Each figure in the order of its first appearance, from sittings that have the newest last."""
    figures: dict[str, list[tuple[Figure, Sitting]]] = {}
    for one in sittings:
        for figure in one.figures:
            figures.setdefault(figure.of, []).append((figure, one))
    return [_found(of, told) for of, told in figures.items()]


def _found(of: str, told: Sequence[tuple[Figure, Sitting]]) -> Found:
    newest, when = told[-1]
    ends = [end for figure, _ in told for end in _ends(figure)]
    return Found(of, newest, when, min(ends), max(ends), len(told))


def _ends(figure: Figure) -> list[float]:
    """What a sitting adds to the range: its value, or the range that stands for it."""
    return [end for end in ((figure.low, figure.high) if figure.value is None else (figure.value,)) if end is not None]


def document(folder: Path = sitting.FOLDER, path: Path = CLAIMS) -> str:
    """The whole of docs/proofs.md."""
    return HEAD + "\n".join(_section(claim, sitting.read(claim.name, folder)) for claim in claims(path))


def _section(claim: Claim, sittings: Sequence[Sitting]) -> str:
    rows = [_row(claim, one) for one in found(sittings)]
    newest = f"newest ({claim.bounds})" if claim.bounds else "newest"
    head = f"| figure | {newest} | held | when | the hour | range | sittings |\n|---|---|---|---|---|---|---|\n"
    table = f"{head}{''.join(rows)}" if rows else "It was not tried yet.\n"
    command = f"Command ({claim.minutes:g} min): `{claim.command}`" if claim.command else "No command was written down."
    return f"## {claim.name}\n\n{claim.sentence}\n\n{table}\nRefuted by: {claim.refuted}.\n{command}\n"


def _row(claim: Claim, one: Found) -> str:
    cells = [
        one.of,
        _newest(claim, one.newest),
        claim.held(one.newest),
        f"{one.when.at[:10]}, {one.when.commit or 'revision not written down'}",
        _hour(one.when),
        _between(claim, one.low, one.high),
        str(one.sittings),
    ]
    return f"| {' | '.join(cells)} |\n"


def _newest(claim: Claim, figure: Figure) -> str:
    ends = "" if figure.low is None or figure.high is None else _between(claim, figure.low, figure.high)
    if figure.value is None:
        return ends
    counted = f"n = {figure.n:,}" if figure.n is not None else ""
    beside = "; ".join(filter(None, (ends, counted)))
    return _written(claim, figure.value) + f" ({beside})" * bool(beside)


def _between(claim: Claim, low: float, high: float) -> str:
    return _written(claim, low) if low == high else f"{_written(claim, low)} to {_written(claim, high)}"


def _written(claim: Claim, value: float) -> str:
    if claim.unit == "share":
        return f"{value * 100:.4g} %"
    digits = f"{float(f'{value:.4g}'):,}".removesuffix(".0")
    return digits + f" {claim.unit}" * (claim.unit != "ratio")


def _hour(one: Sitting) -> str:
    return one.said or "" if one.hour is None else f"{one.hour['shown_in_60_s']:.1%}".replace("%", " %")


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    print(DOCUMENT.relative_to(ROOT))
