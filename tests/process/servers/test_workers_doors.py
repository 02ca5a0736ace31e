"""Where the loops of several workers get their connections from."""

import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable

import psutil

from harness.processes.server import Server
from servers.workers.doors import DescriptorReceiver, SharedDoor
from servers.workers.hand_over import hand_over
from tests.support.project import STRATEGIES

DEADLINE_S = 60


def test_a_shared_door_gives_one_connection_each_time_and_leaves_the_others() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        doors = [SharedDoor(listener), SharedDoor(listener)]
        crowd = [socket.create_connection(listener.getsockname(), DEADLINE_S) for _ in range(3)]
        for door in (*doors, doors[0]):
            client = door.accept()
            assert client is not None
            client.close()
            assert door.accept() is None
        assert [door.accept() for door in doors] == [None, None]  # nobody waits any more
        crowd.append(socket.create_connection(listener.getsockname(), DEADLINE_S))
        client = doors[0].accept()  # having found nobody isn't having given one
        assert client is not None
        client.close()
        for sock in crowd:
            sock.close()


def test_the_turn_of_a_worker_that_is_stuck_goes_to_the_next() -> None:
    pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)]
    stuck, busy = pairs
    for ours, theirs in pairs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the kernel's least: room for a few
        for sock in (ours, theirs):
            sock.setblocking(False)
    workers, receiver = deque([ours for ours, _ in pairs]), DescriptorReceiver(busy[1])
    served = 0
    with socket.socket() as client:
        for _ in range(50):
            hand_over(client, workers)
            while (handed := receiver.accept()) is not None:
                handed.close()
                served += 1
    waiting = 0
    receiver = DescriptorReceiver(stuck[1])
    while (handed := receiver.accept()) is not None:
        handed.close()
        waiting += 1
    assert served + waiting == 50
    assert 0 < waiting < 25
    for sock in (*stuck, *busy):
        sock.close()


def test_a_worker_keeps_nothing_of_the_parent_but_its_own_end(start: Callable[..., Server]) -> None:
    """With another's end in it, no worker would hear of the parent's end."""
    server = start(STRATEGIES["hand-over"])
    found = psutil.Process(server.pid).children()
    assert len(found) == 4  # READY comes when all are there
    with contextlib.ExitStack() as stack:
        for _ in found:  # one client for each, which has then let go of the rest
            sock = stack.enter_context(socket.create_connection(server.address, DEADLINE_S))
            sock.sendall(b"a message\r\n")
            assert sock.recv(100) == b"a message\r\n"
        assert [sockets_of(worker.pid) for worker in found] == [2] * 4


def sockets_of(pid: int) -> int:
    folder = f"/proc/{pid}/fd"
    return sum(os.readlink(f"{folder}/{name}").startswith("socket:") for name in os.listdir(folder))
