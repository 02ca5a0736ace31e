"""What repeats a run: the revision and the command, and how far they ask for the same blocks and rounds."""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from analysis.records.points import POINT
from analysis.records.reading import Results

ONLY = "--only"  # of a trial: which of its claims
DIRTY = "-dirty"  # behind a revision: the working tree had changes that no commit has
AGAIN = (
    "Measured again, ratios and ranks are to be expected within what their intervals and error rates say, and rates "
    "only as far as the machine does as much in that hour."
)


def command(run: Mapping[str, Any]) -> str:
    """What repeats the run, a line each as a shell takes it; of two that are compared, each by itself."""
    runs = _runs(run)
    parts = ["\n".join([*([f"# {name}"] if name else []), *_lines(told)]) for name, told in runs.items()]
    return "\n\n".join(parts)


def of_claim(run: Mapping[str, Any], name: str) -> str:
    """What tries one claim of a trial again, alone."""
    words = list(map(str, run.get("command") or ["run_bench.py", "trial"]))
    if ONLY in words:
        del words[words.index(ONLY) : words.index(ONLY) + 2]
    words = [word for word in words if not word.startswith(f"{ONLY}=")]
    return shlex.join([".venv/bin/python", *words, ONLY, name])


def said(results: Results) -> Iterator[str]:
    """Sentences about what the command can't say."""
    run = results.run
    for name, told in _runs(run).items():
        of = f"{name}: " if name else ""
        revision = told.get("revision")
        if not revision:
            when = str(told.get("started_at") or "then")[:10]
            yield f"{of}which revision of the project it ran wasn't recorded; what was committed at {when} is nearest."
        elif str(revision).endswith(DIRTY):
            yield f"{of}what ran had changes that no commit has, so this revision is near it and not the same."
    for name, told in (run.get("variants") or {}).items():
        if told.get("revision") and told.get("asked") not in (None, told["revision"], "the working tree"):
            yield f"{name} was {told['asked']}, which stood at {told['revision']} then."
    if "--bench" in map(str, run.get("command") or []):
        yield "The file behind --bench is a part of it, and has to be as it was."
    if counted := _counted(results):
        few, many = min(counted), max(counted)
        rounds = f"{few:,} to " * (few < many) + several(many, "round")
        yield f"It did {several(blocks(results), 'block')}, in each {rounds} of a load. {_asked_for(results)} {AGAIN}"


def blocks(results: Results) -> int:
    """How many blocks were measured, of each variant."""
    of_variants = results.windows.groupby("variant")["block"].nunique()
    return int(of_variants.max()) if len(of_variants) else 0


def done(results: Results) -> str:
    """How many blocks there were, and how many rounds each group got in each of them, as counted."""
    if results.windows.empty:
        return "There are no blocks and no rounds."
    number, planned = blocks(results), results.run.get("blocks")
    of = f" of {planned} planned" if isinstance(planned, int) and planned > number else ""
    return f"There were {several(number, 'block')}{of}. {_rounds(results)}"


def several(number: int, word: str) -> str:
    """1 block, 6 blocks."""
    return f"{number:,} {word}{'s' * (number != 1)}"


def _runs(run: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The run; of a comparison both, by the names of their sides, where they aren't one."""
    sides = {name: told["run"] for name, told in (run.get("variants") or {}).items() if told.get("run")}
    return sides if len({told["run_id"] for told in sides.values()}) > 1 else {"": run}


def _lines(run: Mapping[str, Any]) -> Iterator[str]:
    if revision := str(run.get("revision") or "").removesuffix(DIRTY):
        yield f"git checkout {shlex.quote(revision)}"
    yield "make setup"
    yield shlex.join([".venv/bin/python", *map(str, run.get("command") or ["run_bench.py"])])


def _rounds(results: Results) -> str:
    counted = _counted(results)
    if len(counted) == 1:
        (number,) = counted
        return f"Each load got {several(number, 'round')} in each block."
    planned = results.run.get("rounds", "?")
    told = [f"{several(number, 'round')} {times:,} times" for number, times in sorted(counted.items(), reverse=True)]
    pairs = f"{several(counted.total(), 'pair')} of a load and a block"
    return f"Of {pairs}, these got {', '.join(told)}; {planned} were planned."


def _counted(results: Results) -> Counter[int]:
    """How many pairs of a group and a block got so many rounds."""
    return Counter(results.windows.groupby([*POINT, "block"])["round"].nunique().tolist())


def _asked_for(results: Results) -> str:
    """How far an option decides these numbers."""
    run = results.run
    if run.get("gate") or run.get("precision"):
        told = "Blocks go on until figures are sure or the time is up, and no option asks for a number of them."
    else:
        told = "No option asks for these numbers: the profile in bench.toml plans them."
    fewest = min(_counted(results), default=0)
    is_cut = isinstance(run.get("rounds"), int) and fewest < run["rounds"]
    profile = run.get("profile") or "NAME"
    more = f"; at_most_s of [profiles.{profile}], raised in a file for --bench, gives all that were planned" * is_cut
    return f"{told} How many rounds a block gets depends on how long the ones before it took{more}."
