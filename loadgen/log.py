"""What the loops note down during a window; `loadgen.window` makes sense of it afterwards."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]
Columns = tuple[Column, Column, Column]


class Log:
    """For each reply: when it was whole, how long after its request was sent, how late that was for its intended start.

    Of the replies that were drawn for it, one in so many, also when the kernel had the last byte. Python appends to
    lists (cheaper than storing into a preallocated array, which must convert each integer), the compiled loop adds
    whole columns. In a closed loop nothing is sent late. Late replies are only counted.
    """

    def __init__(self) -> None:
        self.answered_ns: list[int] = []
        self.took_ns: list[int] = []
        self.delayed_ns: list[int] = []
        # of those drawn: when sent, how late for the intended start, when the kernel had it, how long it lay there
        # then, and whose it is
        self.drawn: list[tuple[int, int, int, int, int]] = []
        self.connected_ns: list[int] = []  # how long each completed connect took
        self.errors: Counter[str] = Counter()
        self.missed_ns: list[int] = []  # when requests were sent whose datagrams were lost
        self.carried = 0  # requests that an earlier window gave up, open at the start
        self.late = 0  # correct replies to requests that an earlier window gave up
        self.replaced = 0  # connections that the server closed while nobody asked it
        self.asked = 0  # requests begun
        self.failed = 0  # open requests that ended in an error
        self._columns: list[Columns] = []
        self._drawn: list[Column] = []

    def add(self, answered_ns: Column, took_ns: Column, delayed_ns: Column, drawn: Column) -> None:
        """A stretch of the compiled loop: a column each of its replies, and the five of those drawn as rows."""
        self._columns.append((answered_ns, took_ns, delayed_ns))
        self._drawn.append(drawn)

    def replies(self) -> Columns:
        """All entries: answered, took and delayed, in ns."""
        delayed_ns = self.delayed_ns or [0] * len(self.took_ns)
        own = [np.asarray(column, dtype=np.int64) for column in (self.answered_ns, self.took_ns, delayed_ns)]
        columns = [*self._columns, (own[0], own[1], own[2])]
        answered, took, delayed = (np.concatenate(pieces) for pieces in zip(*columns, strict=True))
        return answered, took, delayed

    def sample(self) -> tuple[Column, Column, Column, Column, Column]:
        """Of all that were drawn: asked, delayed, arrived and lay, in ns; and the client's number."""
        own = np.array(self.drawn, dtype=np.int64).reshape(-1, 5).T
        asked, delayed, arrived, lay, client = np.concatenate([*self._drawn, own], axis=1)
        return asked, delayed, arrived, lay, client
