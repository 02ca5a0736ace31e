"""What a soak shows, as lines in the terminal."""

from rich.console import Console
from rich.text import Text

from analysis.judging.soak import HOW_SURE, course, findings, sentences
from analysis.records.reading import Results


def render(results: Results, console: Console) -> None:
    """Print the findings; nothing of another run."""
    seen = course(results)
    if seen is None:
        return
    for sentence in sentences(findings(results, seen), seen):
        console.print(Text(sentence))
    console.print(Text(f"How sure: {HOW_SURE}.", style="dim"))
    console.print()
