"""Servers that work when nobody asks: what they do is in their own figures, and in nobody else's."""

from collections.abc import Callable

import pytest

from tests.support.bench import MISBEHAVE, Bench, misbehaving

PUT_OFF_US = 100.0
BUSY = ("loop", "thread")


@pytest.fixture(scope="module")
def joint(start: Callable[..., Bench]) -> Bench:
    servers = {way: misbehaving(f"busy.py {way}") for way in BUSY}
    servers |= {"later": misbehaving(f"busy.py later {PUT_OFF_US}"), "sound": f"{MISBEHAVE} sound"}
    bench = start(servers, rounds=4)
    assert bench.ended() == 0, bench.output
    return bench


@pytest.mark.parametrize("name", ["epoll", "sound"])
def test_a_busy_server_uses_no_cpu_in_windows_of_others(joint: Bench, name: str) -> None:
    """All that its neighbours used in its windows, by the length of these: two of them would use twice that."""
    windows = joint.windows(name)
    neighbours_s = sum(row["neighbours_cpu_s"] for row in windows)
    assert neighbours_s <= 0.05 * sum(row["head_s"] + row["counted_s"] + row["drain_s"] for row in windows)


@pytest.mark.parametrize("name", BUSY)
def test_a_busy_server_is_measured_itself(joint: Bench, name: str) -> None:
    cell = joint.cells()[name]
    assert (cell["status"], cell["errors"], cell["starved"]) == ("ok", "0", "0"), cell
    assert joint.failures(name) == []


def test_work_that_is_put_off_is_in_the_price_or_in_a_doubt(joint: Bench) -> None:
    cells = joint.cells()
    later, sound = (float(cells[name]["server_cpu_us_per_request"]) for name in ("later", "sound"))
    assert later - sound >= 0.7 * PUT_OFF_US or "put-off" in cells["later"]["doubts"].split()


def test_busy_servers_leave_nothing(joint: Bench) -> None:
    assert joint.family() == []
