"""Beside the chapter: asyncio's loop, or one that --loop names, over bare sockets.

Mechanism: sock_sendall tries the call at once, and so does sock_recv on asyncio's loop and on rloop's; where it
would wait, the loop (epoll on Linux) watches the socket for it, and wakes the coroutine. On uvloop sock_recv
always waits first.
Cost: no transport and no buffer, but a future and two system calls to watch and to stop watching for each request;
and where it is tried at once, a read that finds nothing.
"""

import asyncio
import socket

from servers.contract import EXHAUSTED, Complaint, Options, Parser, run
from servers.event_loops.factories import add_loop


async def converse(client: socket.socket, options: Options) -> None:
    """One client from the first byte to the last."""
    loop, conversation = asyncio.get_running_loop(), options.service()
    recv = options.handler.after(loop.sock_recv, asyncio.sleep)
    sendall, received, size = loop.sock_sendall, conversation.received, options.recv_size
    try:
        if conversation.opening:
            await sendall(client, conversation.opening)
        if not conversation.hangs_up:
            while data := await recv(client, size):
                if reply := received(data):
                    await sendall(client, reply)  # waits, and so reads nothing, until the client has taken all
            await sendall(client, conversation.finished())
    except OSError:
        pass  # the client is gone
    finally:
        client.close()


async def listen(listener: socket.socket, options: Options) -> None:
    loop, complain = asyncio.get_running_loop(), Complaint()
    listener.setblocking(False)
    clients = set()
    while True:
        try:
            client, _ = await loop.sock_accept(listener)
        except OSError as error:
            if error.errno in EXHAUSTED:  # whoever waits would wake us for ever
                complain(f"no connection can be accepted: {error.strerror}")
                await asyncio.sleep(0.1)
            continue
        task = loop.create_task(converse(client, options))
        clients.add(task)  # the loop itself doesn't keep a task that waits
        task.add_done_callback(clients.discard)


def add_options(parser: Parser) -> None:
    add_loop(parser, default="asyncio.new_event_loop")


def serve(listener: socket.socket, options: Options) -> None:
    with asyncio.Runner(loop_factory=options.own.loop) as runner:
        runner.run(listen(listener, options))


if __name__ == "__main__":
    run(serve, __doc__, add_options, waits="its own way", unix=True)
