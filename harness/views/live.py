"""For people at a terminal: one picture that stays in its place, drawn between windows and seldom."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Group as Stacked
from rich.console import RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from axes import AXES
from harness import terminal
from harness.notes import Note
from harness.plan.group import Group
from harness.views.view import Figure, View

NOTES = 3  # the last ones; all are in the table at the end
FRAME = 6  # lines that are no strategy's: where it is, the bar, the heading, what is left out, and two of air
FEWEST = 3  # strategies, however low the terminal is
NAME_WIDTH = 34
TOO_WIDE = 100  # of an interval: its upper end, in lower ones


@dataclass(frozen=True)
class Now:
    """What there is to be seen at a moment."""

    where: str
    done: float  # share of the run
    left: str
    reference: str
    members: Sequence[str]  # of the group that is measured
    figures: Mapping[str, Figure]  # of those who have any
    notes: Sequence[str]


def picture(now: Now, height: int) -> RenderableType:
    """Where the run is, who stands where in the group that is measured, and the last notes. Nothing of it wraps."""
    room = max(FEWEST, height - FRAME - min(NOTES, len(now.notes)))
    shown, hidden = now.members[:room], now.members[room:]
    parts: list[RenderableType] = [_head(now)]
    if shown:
        parts.append(_table(now, shown))
    if hidden:
        parts.append(Text(f"and {len(hidden)} more", "dim", no_wrap=True, overflow="ellipsis"))
    parts += [Text.assemble(("Note", "yellow"), f": {note}", no_wrap=True, overflow="ellipsis")
              for note in now.notes[-NOTES:]]  # fmt: skip
    return Stacked(*parts)


def _head(now: Now) -> Table:
    """A line of words, and a bar below it."""
    line = Table.grid(expand=True)
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    line.add_column(justify="right", no_wrap=True)
    line.add_row(Text(now.where, "bold"), Text(f" {now.left}"))
    head = Table.grid(expand=True)
    head.add_row(line)
    head.add_row(ProgressBar(1.0, min(now.done, 1.0), style="dim", complete_style="bold", finished_style="bold"))
    return head


def _table(now: Now, members: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("so far", no_wrap=True, overflow="ellipsis", max_width=NAME_WIDTH)
    for heading in ("requests/s", f"of {now.reference}" if now.reference else "ratio", "95 %"):
        table.add_column(heading, justify="right", no_wrap=True, overflow="ellipsis", max_width=16)
    for name in members:
        table.add_row(Text(name), *_cells(now.figures.get(name), name == now.reference))
    return table


def _cells(figure: Figure | None, is_reference: bool) -> Iterator[str]:
    if figure is None or figure.rate_rps is None:
        yield from ("·", "", "")
        return
    yield f"{figure.rate_rps:,.0f}"
    if is_reference or figure.ratio is None:
        yield from ("", "")
        return
    yield f"{figure.ratio:.2f}"
    if figure.low is None or figure.high is None:
        yield ""
    else:  # of two blocks an interval may reach over everything
        yield "not yet" if figure.high > TOO_WIDE * figure.low else f"{figure.low:.2f} to {figure.high:.2f}"


def _called(servers: Sequence[str], group: Group) -> list[str]:
    """What tables call the cells of these servers: each by its value, where a group compares along an axis."""
    if not group.along:
        return list(servers)
    axis = AXES[group.along]
    names = {name.partition(" (")[0] for name in servers}
    return [f"{name} ({axis.write(value)})" for name in names for value in group[group.along]]


class LiveView(View):
    def __enter__(self) -> Self:
        super().__enter__()
        self._notes: list[str] = []
        self._live = Live(console=terminal.console, auto_refresh=False, transient=True)
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def tell(self, done_s: float, where: str, group: int | None) -> None:
        self.pace.draw(lambda: self._draw(done_s, where, group))

    def note(self, note: Note) -> None:
        self._notes.append(str(note))

    def _draw(self, done_s: float, where: str, group: int | None) -> None:
        plan = self.plan
        figures = {} if group is None else {figure.name: figure for figure in self.so_far(group)}
        there = [] if group is None else _called(plan.members(plan.groups[group]), plan.groups[group])
        members = list(dict.fromkeys([*there, *figures]))
        now = Now(
            where=where,
            done=done_s / plan.extent[0],
            left=terminal.left(self.left_s(done_s), plan.goes_on),
            reference=plan.config.reference if plan.config.reference in members else "",
            members=sorted(members),
            figures=figures,
            notes=self._notes,
        )
        self._live.update(picture(now, terminal.console.height), refresh=True)
