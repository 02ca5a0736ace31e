"""What probes found, as tables in the terminal: one a probe, then what it comes to in sentences."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.judging.probes import TITLES, found, sentences
from analysis.records.reading import Results


def render(results: Results, console: Console) -> None:
    """Print each probe; nothing where nothing was probed."""
    told = found(results)
    for probe in dict.fromkeys(place.probe for place in told):
        table = Table(title=Text(TITLES.get(probe, probe), style="bold"), title_justify="left", box=box.SIMPLE_HEAD,
                      pad_edge=False, padding=(0, 1), collapse_padding=True)  # fmt: skip
        for name in ("strategy", "tried", "found"):
            table.add_column(name, overflow="fold")
        for place, one in told.items():
            if place.probe == probe:
                table.add_row(*map(Text, (place.strategy or "-", place.case, one.in_words)))
        console.print(table)
    for sentence in sentences(told):
        console.print(Text(sentence))
