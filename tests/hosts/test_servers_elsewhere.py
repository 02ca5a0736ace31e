"""Servers on a host of their own: the same record as on one machine, less what can't be known, and how far away they are."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.bench import Bench
from tests.support.namespaces import Network
from tests.support.over_hosts import attached, serving

NAMES = ("epoll", "twisted", "threading")
AWAY_S = 0.005
SETTINGS = """
[window]
lengths = [{ clients = 1000, head_s = 0.05, counted_s = 0.2 }]
counted_limit_s = 0.2
[profiles.over]
blocks = 2
rounds = 2
matrix = [{ service = ["echo"], clients = [5] }]
[strategies]
"""
Cells = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def benches(network: Callable[..., Network], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Bench]]:
    """Of the same servers: as they are near, and 5 ms away. And of such servers here, on the run's own machine."""
    hosts = network("bench", "server")
    there = {f"{name}-there": address for name, address in serving(hosts["server"], NAMES).items()}
    found = {}
    try:
        for where in ("here", "near", "far"):
            if where == "far":
                hosts["server"].move_away(AWAY_S)
            names = NAMES if where == "here" else there
            found[where] = Bench(
                tmp_path_factory.mktemp(where), {}, "--profile", "over", "--strategies", ",".join(names),
                "--allow-remote", settings=SETTINGS + attached(there), host=hosts["bench"],
            )  # fmt: skip
            assert found[where].ended() == 0, found[where].output
            assert found[where].nothing_left()
        yield found
    finally:
        for bench in found.values():
            bench.close()


def test_debug(benches):
    for where, b in benches.items():
        for n, c in b.cells().items():
            print(where, n, {k: v for k, v in c.items() if v})
        print(b.output)
        print(b.described["notes"])
    assert 0
