"""Servers whose replies take longer than a window: how long windows must be is found out; no rate of 0 is printed."""

from collections.abc import Callable

from tests.support.bench import SETTINGS, Bench, misbehaving

WAITS_S = 0.08  # longer than head and counted part together, shorter than the drain
CLIENTS = 4


def test_windows_that_no_request_fits_into_tell_no_rate(bench: Callable[..., Bench]) -> None:
    servers = {"waiting": misbehaving(f"waiting.py {WAITS_S}")}
    growing = SETTINGS.replace("counted_limit_s = 0.05\n", "")
    running = bench(servers, "--profile", "longer", "--strategies", "waiting", settings=growing)
    assert running.ended() == 0, running.output
    first, *others = running.windows("waiting")
    assert (first["phase"], first["requests"], first["replies"]) == ("search", 0, CLIENTS)
    assert {row.get("phase") for row in others} == {None}
    assert min(row["requests"] for row in others) > 0
    assert min(row["counted_s"] for row in others) > WAITS_S > first["counted_s"]
    cell = running.cells()["waiting"]
    assert (cell["status"], cell["windows"]) == ("ok", "11")
    assert 0 < float(cell["throughput_rps"]) <= CLIENTS / WAITS_S
    assert float(cell["p50_us"]) >= WAITS_S * 1e6
