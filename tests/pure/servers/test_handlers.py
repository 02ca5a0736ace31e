"""What a handler is: the options that ask for one, which messages it is for, and when it is carried out."""

import asyncio
import time

import pytest

from servers import contract, handlers
from servers.handlers import Handler
from servers.services.echo import Echo
from servers.services.greet import Greet

WAITS, BLOCKS = ("--handler waits --handler-us 5", "--handler blocks --handler-us 5")


def parsed(monkeypatch: pytest.MonkeyPatch, options: str, **how: object) -> contract.Options:
    """What a server makes of its command line."""
    monkeypatch.setattr("sys.argv", ["a_server.py", *options.split()])
    return contract.parse("A server.", **how)  # type: ignore[arg-type]


# --- options -----------------------------------------------------------------------------------------------------

BAD = {
    "--handler naps": "invalid choice: 'naps'",
    "--handler waits": "--handler waits: for how long? say --handler-us",
    "--handler waits --handler-us 0": "--handler waits: for how long? say --handler-us",
    "--handler blocks --iterations 5": "--handler blocks: for how long? say --handler-us",
    "--handler computes --handler-us 5": "--handler computes: how much? say --iterations",
    "--handler blocks --handler-us -5": "-5 is not between 0 and 60000000",
    "--handler blocks --handler-us 3600000000": "3600000000 is not between 0 and 60000000",
    "--handler blocks --handler-us 5ms": "invalid integer value: '5ms'",
    "--handler computes --iterations 1000000001": "1000000001 is not between 0 and 1000000000",
    "--handler-us 5": "--handler none: --handler-us is of a handler; say which",
    "--handler none --iterations 5": "--handler none: --iterations is of a handler; say which",
    "--handler-of one": "--handler none: --handler-of is of a handler; say which",
    f"{BLOCKS} --handler-of some": "invalid choice: 'some'",
    f"{BLOCKS} --service log": "the service log has no handlers; leave it out, or say --service echo",
    f"{WAITS} --service greet": "the service greet has no handlers; leave it out, or say --service echo",
}


@pytest.mark.parametrize("options", BAD)
def test_a_handler_that_there_cannot_be_is_refused_in_a_line(
    options: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        parsed(monkeypatch, options)
    said = capsys.readouterr()
    assert (refused.value.code, said.out, len(said.err.splitlines())) == (2, "", 1)
    assert BAD[options] in said.err


def test_without_a_handler_the_service_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    for how in ({}, {"waits": time.sleep}, {"waits": "its own way"}, {"waits": "its own way", "offloads": True}):
        assert parsed(monkeypatch, "", **how).service is Echo
        assert parsed(monkeypatch, "--service greet", **how).service is Greet


def test_a_strategy_that_waits_or_offloads_by_itself_has_the_service_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parsed(monkeypatch, WAITS, waits="its own way").service is Echo
    assert parsed(monkeypatch, WAITS, waits=time.sleep).service is not Echo
    assert parsed(monkeypatch, BLOCKS, waits="its own way").service is not Echo
    assert parsed(monkeypatch, BLOCKS, waits="its own way", offloads=True).service is Echo


def test_one_that_has_no_way_to_wait_cannot_start_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(monkeypatch, WAITS)
    assert ended.value.code == 3
    assert capsys.readouterr().err == (
        "a_server.py: has no way to wait without blocking; ask it for --handler blocks\n"
    )


# --- which messages -----------------------------------------------------------------------------------------------

STREAM = b"00000000 mine\r\n00000001 another's\r\n\r\n0000\r\n00000000\r\n00000000 unended"
OF_ALL, OF_ONE = 5, 2


def pieces(stream: bytes, size: int) -> list[bytes]:
    return [stream[start : start + size] for start in range(0, len(stream), size)]


@pytest.mark.parametrize("size", range(1, len(STREAM) + 1))
def test_each_message_counts_once_however_it_was_cut(size: int) -> None:
    for of, many in (("all", OF_ALL), ("one", OF_ONE)):
        count = Handler("blocks", 1, of=of).counting()  # type: ignore[arg-type]
        assert sum(map(count, pieces(STREAM, size))) == many


def test_a_message_counts_when_it_is_whole() -> None:
    for of in ("all", "one"):
        count = Handler("blocks", 1, of=of).counting()  # type: ignore[arg-type]
        assert [count(piece) for piece in (b"00000000 be", b"gun", b"\r", b"\n", b"")] == [0, 0, 0, 1, 0]


def test_clients_are_counted_apart() -> None:
    mine, others = (Handler("blocks", 1, of="one").counting() for _ in range(2))
    assert (mine(b"0000"), others(b"9999"), mine(b"0000 x\r\n"), others(b"0000 x\r\n")) == (0, 0, 1, 0)


# --- carried out -----------------------------------------------------------------------------------------------------


def test_it_is_carried_out_before_there_is_a_reply_and_the_reply_is_what_came(monkeypatch: pytest.MonkeyPatch) -> None:
    carried_out: list[int] = []
    conversation = handlers.handled(Handler("blocks", 1), carried_out.append)()
    for came in (b"one\r\n", b"two\r\nthree\r\nfo", b"ur", b"\r\n"):
        assert conversation.received(came) == came
    assert carried_out == [1, 2, 1]
    assert conversation.finished() == b""


def test_a_handler_that_blocks_takes_its_time_for_each_message() -> None:
    began = time.monotonic()
    Handler("blocks", 2000).carry_out(3)
    assert time.monotonic() - began >= 3 * 0.002


def test_a_handler_that_computes_does_each_iteration() -> None:
    x = 1
    for _ in range(1000):
        x = (x * 1103515245 + 12345) % 2**31
    assert handlers.compute(1000) == Handler("computes", iterations=1000).carry_out(1) == x
    assert handlers.compute(0) == 1


def test_nothing_is_done_of_none_and_of_a_wait() -> None:
    began = time.thread_time()
    assert Handler().carry_out(3) == Handler("waits", 60_000_000).carry_out(3) == 0
    assert time.thread_time() - began < 60


def test_a_read_is_as_it_was_but_where_the_handler_waits() -> None:
    slept: list[float] = []

    async def read(size: int) -> bytes:
        return STREAM[:size]

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    for kind in ("none", "blocks", "computes"):
        assert Handler(kind, 5, 5).after(read, sleep) is read  # type: ignore[arg-type]
    waiting = Handler("waits", 2_000_000).after(read, sleep)
    assert asyncio.run(waiting(3)) == STREAM[:3]  # type: ignore[arg-type]
    assert slept == []
    assert asyncio.run(waiting(len(STREAM))) == STREAM  # type: ignore[arg-type]
    assert slept == [2.0 * OF_ALL]


def test_what_is_handed_over_is_the_handler_but_for_a_wait() -> None:
    handed, slept = [], []
    for handler in (Handler(), Handler("blocks", 1), Handler("computes", iterations=1)):
        handler.offloaded(lambda carry_out, times: handed.append((carry_out, times)), slept.append)(3)
        assert handed[-1] == (handler.carry_out, 3)
    assert slept == []
    Handler("waits", 500_000).offloaded(lambda *_: handed.append(_), slept.append)(3)
    assert (len(handed), slept) == (3, [1.5])


# --- calibration ---------------------------------------------------------------------------------------------------


def test_the_median_of_a_calibration_lies_in_the_middle_half() -> None:
    found = handlers.calibrate(tries=9)
    low, high = found["spread"]  # type: ignore[misc]
    assert 0 < low <= found["iterations_per_ms"] <= high  # type: ignore[operator]
