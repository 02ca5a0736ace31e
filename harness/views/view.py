"""What a run tells of itself while it goes on, and what every view of it does with that."""

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.markup import escape

from harness import notes, terminal
from harness.conformance.suite import Conformance
from harness.notes import Note
from harness.plan.plan import Plan

SHORTEST_S = 0.5  # between two drawings
SHARE = 0.02  # of the time, at most, that is spent on them


class Figure(Protocol):
    """Of one member of a group, so far; None where nothing is known yet."""

    @property
    def name(self) -> str: ...

    @property
    def rate_rps(self) -> float | None: ...

    @property
    def ratio(self) -> float | None: ...

    @property
    def low(self) -> float | None: ...

    @property
    def high(self) -> float | None: ...


SoFar = Callable[[int], Sequence[Figure]]  # of the group at that place of the plan


class View:
    """Tells nothing: what `--quiet` sees. It is entered when measuring begins."""

    def __init__(self, plan: Plan, so_far: SoFar) -> None:
        self.plan = plan
        self.so_far = so_far

    def __enter__(self) -> Self:
        self.pace = Pace(time.monotonic)
        self.began = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The run has ended, however it did."""

    def tell(self, done_s: float, where: str, group: int | None) -> None:
        """How far it is (of the plan's `extent`), what goes on, and at which place the group stands, if it is one.

        It is called between windows, when nobody is measured.
        """

    def note(self, note: Note) -> None:
        """A reader of the results must know this; who is lost is said the moment that it happens."""
        if note.kind in notes.LOST:
            terminal.complain(f"[yellow]Note[/]: {escape(str(note))}")

    def gathering(self, sentence: str) -> None:
        """Of workers on other hosts, before all else: what is to be started there, who is here, who was turned away."""
        terminal.complain(escape(sentence))

    def conformance(self, found: Mapping[str, Conformance]) -> None:
        """Of the conformance suite, before anything is measured: what each strategy did wrong."""
        terminal.say_conformance(found)

    def left_s(self, done_s: float) -> float | None:
        """Until the end, if it goes on as it has; of a run with a budget at most. None while that can't be told."""
        whole_s, _ = self.plan.extent
        left_s = max(whole_s - done_s, 0.0)
        if self.plan.goes_on:
            return left_s
        return left_s * (time.monotonic() - self.began) / done_s if done_s > 0 else None


class Pace:
    """When to draw again: so seldom that drawing takes no more than its share of the run's time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next = clock()

    def draw(self, how: Callable[[], None]) -> None:
        """Do it, if it is time."""
        began = self._clock()
        if began < self._next:
            return
        how()
        ended = self._clock()
        self._next = ended + max(SHORTEST_S, (ended - began) / SHARE)
