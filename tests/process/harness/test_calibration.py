"""How many iterations a handler that computes makes is counted by a process of its own."""

import os

import pytest

from harness.processes import calibration
from harness.processes.server import ServerFailed

CPUS = sorted(os.sched_getaffinity(0))[-1:]


def test_it_is_counted_with_its_quartiles() -> None:
    found = calibration.count(CPUS)
    assert 0 < found.low <= found.per_ms <= found.high
    assert calibration.recount(CPUS)


@pytest.mark.parametrize("words", [("-c", "raise SystemExit(1)"), ("-c", "print('nothing')"), ("-c", "print('{}')")])
def test_what_cannot_be_counted_is_an_error_at_first_and_nothing_later(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run goes on without the count of a block, but none begins without the first."""
    monkeypatch.setattr(calibration, "COUNTS", words)
    with pytest.raises(ServerFailed, match="how long a handler computes can't be counted"):
        calibration.count(CPUS)
    assert calibration.recount(CPUS) is None
