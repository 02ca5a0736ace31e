"""Who passes whom along an axis, as lines in the terminal: the reference and others, or all where it isn't there."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from analysis.judging.crossovers import Passing, by_group
from analysis.records.reading import Results
from axes import AXES


def render(results: Results, found: Sequence[Passing], console: Console) -> None:
    """Print them by group; nothing where nothing passes anything."""
    reference = results.run.get("reference")
    for group in by_group(list(found)):
        own = [one for one in group if reference in (one.first, one.second)] or group
        rest = len(group) - len(own)
        console.print(Text(f"Along the {AXES[group[0].axis].title}: {group[0].group}", style="bold"))
        for one in own:
            console.print(f"  {one}", markup=False, highlight=False)
        more = f" {rest} more are in crossovers.csv." if rest else ""
        console.print(Text(f"Intervals of 95 %: within them the two were not told apart.{more}", style="dim"))
        console.print()
