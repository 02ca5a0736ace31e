"""Every strategy over each transport that servers/README.md says it offers, as a client's own socket sees it."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.project import ROOT, STRATEGIES, command

SIZES = (1, 64, 8193, 65_507)  # bytes: one more than UDPServer and Twisted take by themselves, and the most of UDP
UNREAD = 40  # replies that nobody takes: more than a Unix socket's queue has room for (net.unix.max_dgram_qlen)
HOARDED = 400  # replies of a client whose queue has no limit: more than the server's send buffer has room for
PATIENCE_S = 5.0
AT_REST_S = 0.005  # of CPU time in WATCHED_S while nobody asks
WATCHED_S = 0.1


def offered() -> dict[str, list[str]]:
    """The strategies of each transport, by the table of servers/README.md."""
    text = (ROOT / "servers/README.md").read_text().partition("### Over which transports\n")[2].partition("\n### ")[0]
    found = {}
    for transport, row in re.findall(r"^\| `([\w-]+)` \| (.+) \|$", text, re.MULTILINE):
        names = re.findall(r"`([\w-]+)`", row)
        echoing = [name for name, strategy in STRATEGIES.items() if "echo" in strategy.services]
        found[transport] = [one for one in echoing if one not in names] if row.startswith("all that") else names
    return found


OFFERED = offered()
STREAMS = [("unix", name) for name in OFFERED["unix"]]
LOCAL = [("unix-datagram", name) for name in OFFERED["unix-datagram"]]
DATAGRAMS = [("udp", name) for name in OFFERED["udp"]] + LOCAL
each = pytest.mark.parametrize


class Started(NamedTuple):
    process: "subprocess.Popen[str]"
    transport: str
    at: str  # what it says after READY
    log: Path

    def client(self) -> socket.socket:
        """A socket with a name of its own, which is connected to the server."""
        sock = socket.socket(
            socket.AF_INET if self.transport == "udp" else socket.AF_UNIX,
            socket.SOCK_STREAM if self.transport == "unix" else socket.SOCK_DGRAM,
        )
        sock.settimeout(PATIENCE_S)
        if self.transport == "unix-datagram":
            sock.bind("")
        host, _, port = self.at.rpartition(":")
        sock.connect((host, int(port)) if self.transport == "udp" else self.at)
        return sock

    def cpu_s(self) -> float:
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) / 1e9 for task in tasks)


def begin(argv: list[str], transport: str, folder: Path) -> Started:
    place = [] if transport == "udp" else ["--path", str(folder / "it")]
    log = folder / "log"
    with log.open("w") as err:
        process = subprocess.Popen(
            [*argv, "--transport", transport, *place],
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
            cwd=ROOT,
            start_new_session=True,
        )
    return Started(process, transport, "", log)


def begun(one: Started) -> Started:
    assert one.process.stdout is not None
    return one._replace(at=one.process.stdout.readline().removeprefix("READY ").strip())


def end(one: Started) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(one.process.pid, signal.SIGKILL)
    one.process.communicate()


@pytest.fixture(scope="module")
def fleets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Started]]]:
    """Of each transport all that offer it, from the first test on that asks: they are started side by side."""
    found: dict[str, dict[str, Started]] = {}
    try:
        yield found
    finally:
        for one in [one for fleet in found.values() for one in fleet.values()]:
            end(one)


@pytest.fixture
def server(
    transport: str,
    name: str,
    fleets: dict[str, dict[str, Started]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Started:
    if transport not in fleets:
        fleet = fleets[transport] = {
            one: begin(command(STRATEGIES[one]), transport, tmp_path_factory.mktemp("it")) for one in OFFERED[transport]
        }
        fleet.update({one: begun(started) for one, started in fleet.items()})
    found = fleets[transport][name]
    if not found.at:
        assert found.process.wait(PATIENCE_S) == 3, found.log.read_text()
        assert "--transport" not in found.log.read_text(), "it doesn't offer what it is said to"
        pytest.skip(found.log.read_text().strip())
    return found


@each(("transport", "name"), STREAMS)
def test_streams_come_back_whole_and_end(server: Started) -> None:
    with server.client() as one, server.client() as other:
        one.sendall(b"first\r\n")
        assert one.recv(7, socket.MSG_WAITALL) == b"first\r\n"
        one.sendall(b"second\r\n" * 1000 + b"unended")
        one.shutdown(socket.SHUT_WR)
        assert b"".join(iter(lambda: one.recv(65536), b"")) == b"second\r\n" * 1000 + b"unended"
        other.sendall(b"third\r\n")
        one.close()
        assert other.recv(7, socket.MSG_WAITALL) == b"third\r\n"


@each(("transport", "name"), STREAMS)
def test_servers_of_streams_stop_when_told_and_take_their_path_along(server: Started) -> None:
    with server.client():
        stop(server)


@each(("transport", "name"), DATAGRAMS)
def test_datagrams_come_back_once_to_who_sent_them(server: Started) -> None:
    with server.client() as one, server.client() as other:
        for size in SIZES:
            one.send(b"a" * size)
            other.send(b"b" * size)
            assert (one.recv(70_000), other.recv(70_000)) == (b"a" * size, b"b" * size)
        for sock in (one, other):
            sock.setblocking(False)
            with pytest.raises(BlockingIOError):
                sock.recv(1)


@each(("transport", "name"), DATAGRAMS)
def test_who_is_gone_has_no_name_or_sends_nothing_harms_nobody(server: Started) -> None:
    for _ in range(3):
        with server.client() as gone:
            gone.send(b"gone")
    with server.client() as one:
        one.send(b"")
        if server.transport == "unix-datagram":
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nameless:
                nameless.sendto(b"nameless", server.at)
        one.send(b"one")
        assert (one.recv(9) or one.recv(9)) == b"one"  # the first may be the answer to nothing


def leave_unread(server: Started, hoarder: socket.socket, count: int) -> None:
    """Ask so often that its replies find no room, or until the server takes no more."""
    hoarder.settimeout(0.1)
    with contextlib.suppress(TimeoutError):
        for _ in range(count):
            hoarder.sendto(b"unread", server.at)


def full_queue(server: Started) -> socket.socket:
    """A client that isn't connected to the server, as then its queue has a limit, and takes no replies."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind("")
    leave_unread(server, sock, UNREAD)
    return sock


@each(("transport", "name"), LOCAL)
def test_a_full_queue_holds_up_nobody_and_lets_the_server_rest(server: Started) -> None:
    with full_queue(server), server.client() as other:
        other.send(b"other")
        assert other.recv(9) == b"other"
        before_s = server.cpu_s()
        time.sleep(WATCHED_S)
        assert server.cpu_s() - before_s < AT_REST_S


# What datagrams.py is for: a transport of asyncio's waits until the queue has room.
WAITS = """
import asyncio, socket, sys
sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sock.bind(sys.argv[-1])
print("READY", sys.argv[-1], flush=True)
class Client(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport
    def datagram_received(self, data, addr):
        self.transport.sendto(data, addr)
async def serve():
    await asyncio.get_running_loop().create_datagram_endpoint(Client, sock=sock)
    await asyncio.Event().wait()
asyncio.run(serve())
"""


def test_a_server_that_waits_for_a_full_queue_is_seen_to_spin(tmp_path: Path) -> None:
    server = begun(begin([sys.executable, "-c", WAITS], "unix-datagram", tmp_path))
    try:
        with full_queue(server):
            before_s, deadline_s = server.cpu_s(), time.monotonic() + PATIENCE_S
            while server.cpu_s() - before_s < AT_REST_S:
                assert time.monotonic() < deadline_s, "it rests"
    finally:
        end(server)


@each(("transport", "name"), LOCAL)
def test_a_full_send_buffer_is_waited_for(server: Started) -> None:
    """The replies of a client that is connected to the server fill what the server may have unread in all."""
    with server.client() as other:
        with server.client() as hoarder:
            leave_unread(server, hoarder, HOARDED)
        other.send(b"other")
        assert other.recv(9) == b"other"


@each(("transport", "name"), DATAGRAMS)
def test_servers_of_datagrams_stop_when_told(server: Started) -> None:
    """Also one that waits for room in its send buffer."""
    with server.client() as hoarder:
        if server.transport == "unix-datagram":
            leave_unread(server, hoarder, HOARDED)
        stop(server)


def stop(server: Started) -> None:
    server.process.terminate()
    assert server.process.wait(PATIENCE_S) == 0
    assert server.transport == "udp" or not os.path.exists(server.at)
    assert server.log.read_text() == ""
