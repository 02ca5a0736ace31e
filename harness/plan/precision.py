"""What a run is planned by that goes on until it knows enough; how it is decided is the analysis wing's."""

from typing import Protocol


class Precision(Protocol):
    """What a run goes on for until it is precise; when that is so, is said in the analysis wing."""

    @property
    def target(self) -> float:
        """Half-width of each throughput's interval, as a share: 0.02 for ± 2 %."""

    @property
    def first_look(self) -> int:
        """How many blocks are measured before it is asked."""

    @property
    def widened(self) -> float:
        """The factor on the intervals that makes up for asking again and again."""
