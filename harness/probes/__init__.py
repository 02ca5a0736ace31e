"""Probes: what isn't a rate is tried by itself, a few times, and told in rows.

A probe is a file here, and a line in `PROBES`. A claim's figure PROBE.FIGURE is a row's `figure`.
"""

from collections.abc import Callable, Iterator, Sequence

from harness.probes.form import Probe, Row, Scene

PROBES: dict[str, Probe] = {}


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
