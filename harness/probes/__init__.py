"""Probes: what isn't a rate is tried by itself, a few times, and told in rows.

A probe is a file here, and a line in `PROBES`. A claim's figure PROBE.FIGURE is a row's `figure`.
"""

from collections.abc import Callable, Iterator, Sequence

from harness.probes import anatomy, backlog, dribbler, restart, shared_state
from harness.probes.form import Probe, Row, Scene, at_the_end

PROBES = {
    "restart": Probe("after a server was stopped, how long its port can't be bound", restart.begin, takes_s=65,
                     cases=restart.CASES, figures=("seconds", "refused"), asks=True),
    "backlog": Probe("how many clients listen(n) admits, what the others see", at_the_end(backlog.rows), takes_s=11,
                     cases=backlog.CASES, figures=("asked", "established", "refused", "waiting", "resent")),
    "shared_state": Probe("whose updates of a shared number are lost", at_the_end(shared_state.rows), takes_s=12,
                          cases=tuple(shared_state.KINDS), figures=("asked", "lost", "alone")),
    "dribbler": Probe("who lets others wait for one that sends byte by byte", at_the_end(dribbler.rows), takes_s=10,
                      cases=dribbler.CASES, figures=("asked", "held_up"), asks=True),
    "anatomy": Probe("system calls of a request, size of a strategy's code", at_the_end(anatomy.rows), takes_s=5,
                     cases=(anatomy.CODE, *anatomy.CROWDS), asks=True),
}  # fmt: skip


def begin(names: Sequence[str], scene: Scene) -> Callable[[], Iterator[Row]]:
    """Begin these probes; what is returned ends them one after the other, and gives their rows as they come.

    Those that take the longest by themselves are begun first, and end last.
    """
    in_turn = sorted(names, key=lambda name: -PROBES[name].takes_s)
    ends = [PROBES[name].begin(scene) for name in in_turn]

    def rows() -> Iterator[Row]:
        for end in reversed(ends):
            yield from end()

    return rows
