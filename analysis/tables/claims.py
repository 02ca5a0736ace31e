"""The verdicts of a trial as lines in the terminal: the verdict first, then the evidence."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from analysis.claims import words
from analysis.claims.decision import Ruling
from analysis.claims.verdicts import Verdict
from analysis.records.reading import Results

LOOKS = {
    Ruling.HOLDS: "bold green",
    Ruling.REFUTED: "bold red",
    Ruling.NOT_SHOWN: "bold yellow",
    Ruling.NOT_TESTABLE: "bold dim",
}
READING = (
    "Intervals of 95 %. A verdict is wrong in one file of a hundred at most (Holm over its claims); what isn't shown "
    "is not shown to be false."
)


def render(results: Results, found: Sequence[Verdict], console: Console) -> None:
    """Print them in the order of the file, and how many there are of each."""
    for one in found:
        console.print(Text(words.verdict(one), style=LOOKS[one.outcome]), soft_wrap=True)
        console.print(Text(f"  {one.name}: {one.claim['text']}"), soft_wrap=True)
        for rule in one.rules:
            console.print(Text(f"    {words.evidence(rule, results.usual)}", style="dim"), soft_wrap=True)
    for warning in results.warnings:
        console.print(Text(f"Note: {warning}.", style="dim"), soft_wrap=True)
    console.print()
    console.print(Text(summary(found), style="bold"), soft_wrap=True)
    console.print(Text(READING, style="dim"), soft_wrap=True)


def summary(found: Sequence[Verdict]) -> str:
    """15 claims: 7 hold, 3 refuted here, 4 not shown, 1 not testable here."""
    told = Counter(one.outcome for one in found)
    said = {outcome: outcome.value for outcome in Ruling} | ({Ruling.HOLDS: "hold"} if told[Ruling.HOLDS] != 1 else {})
    parts = [f"{told[outcome]} {said[outcome]}" for outcome in Ruling if told[outcome]]
    return f"{len(found)} claim{'s' * (len(found) != 1)}: {', '.join(parts)}."
