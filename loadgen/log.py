"""What the loops note down during a window; `loadgen.window` makes sense of it afterwards."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

Columns = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


class Log:
    """For each reply: when it was whole, how long after its request was sent, how late that was for its intended start.

    Python appends to lists (cheaper than storing into a preallocated array, which must convert each integer),
    the compiled loop adds whole columns. In a closed loop nothing is sent late. Late replies are only counted.
    """

    def __init__(self) -> None:
        self.answered_ns: list[int] = []
        self.took_ns: list[int] = []
        self.delayed_ns: list[int] = []
        self.audited_ns: list[int] = []  # when a reply was read with the kernel's receive timestamp ...
        self.arrival_ns: list[int] = []  # ... and how long it had been there by then
        self.connected_ns: list[int] = []  # how long each completed connect took
        self.errors: Counter[str] = Counter()
        self.late = 0  # correct replies to requests that an earlier window gave up
        self.replaced = 0  # connections that the server closed while nobody asked it
        self.asked = 0  # requests begun
        self.failed = 0  # open requests that ended in an error
        self._columns: list[Columns] = []

    def add(self, answered_ns: NDArray[np.int64], took_ns: NDArray[np.int64], delayed_ns: NDArray[np.int64]) -> None:
        self._columns.append((answered_ns, took_ns, delayed_ns))

    def replies(self) -> Columns:
        """All entries: answered, took and delayed, in ns."""
        delayed_ns = self.delayed_ns or [0] * len(self.took_ns)
        own = [np.asarray(column, dtype=np.int64) for column in (self.answered_ns, self.took_ns, delayed_ns)]
        columns = [*self._columns, (own[0], own[1], own[2])]
        answered, took, delayed = (np.concatenate(pieces) for pieces in zip(*columns, strict=True))
        return answered, took, delayed
