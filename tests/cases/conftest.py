"""Whole runs, short ones, of servers with one fault each; nothing is left of them after the file's tests."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.bench import Bench

SETTINGS = """
[servers]
ready_timeout_s = {ready_s}
stop_timeout_s = 1.0
[window]
lengths = [{{ clients = 10000, head_s = 0.01, counted_s = {counted_s} }}]
drain_limit_s = {drain_s}
request_timeout_s = {timeout_s}
[open]
counted_s = 0.3
{more}
[profiles.case]
blocks = {blocks}
rounds = {rounds}
matrix = [{points}]
[strategies]
"""


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Bench]]:
    """start(servers, *options) begins a run of these commands, by name; `beside` them sound strategies of ours.

    `points` are the entries of its matrix without their service, `more` is further TOML.
    """
    started: list[Bench] = []

    def begin(
        servers: dict[str, str],
        *options: str,
        beside: str = "epoll",
        points: tuple[str, ...] = ("clients = [10]",),
        blocks: int = 2,
        rounds: int = 3,
        counted_s: float = 0.05,
        drain_s: float = 0.2,
        timeout_s: float = 5.0,
        ready_s: float = 20.0,
        more: str = "",
        verb: str = "bench",
    ) -> Bench:
        entries = ", ".join(f"{{ service = ['echo'], {point} }}" for point in points)
        lengths = {"counted_s": counted_s, "drain_s": drain_s, "timeout_s": timeout_s, "ready_s": ready_s}
        settings = SETTINGS.format(blocks=blocks, rounds=rounds, points=entries, more=more, **lengths)
        names = ",".join([*servers, *beside.split()])
        what = ["--service", "echo"] if verb == "check" else ["--profile", "case"]
        options = ("--strategies", names, *what, *options)
        started.append(Bench(tmp_path_factory.mktemp("case"), servers, *options, settings=settings, verb=verb))
        return started[-1]

    yield begin
    for one in started:
        one.close()


@pytest.fixture(scope="module", params=["compiled", "python"])
def loop(request: pytest.FixtureRequest) -> str:
    """Either hot loop, as further TOML of a run."""
    return f"[loadgen]\nloop = '{request.param}'"
