"""Beside the chapter: AnyIO on asyncio, whose handlers run in threads (anyio.to_thread).

Mechanism: that of anyio-asyncio; the task hands the handler to a thread that AnyIO keeps, --threads of them at a time,
and goes on when it is done. A handler that waits is slept through instead.
Cost: on top of anyio-asyncio the limiter's checkpoints for each message, the waking of a thread, and that of the loop
by a byte through a socket pair. Under a GIL, handlers that compute take turns with each other and with the loop.
"""

import contextlib
import socket
from functools import partial

from servers.contract import EXHAUSTED, Complaint, Options, counted, library, run

with library("anyio"):
    import anyio
    import anyio.abc
    import anyio.to_thread


async def converse(client: anyio.abc.SocketStream, options: Options, limiter: anyio.CapacityLimiter) -> None:
    """One client from the first byte to the last."""
    conversation = options.service()
    try:
        if conversation.opening:
            await client.send(conversation.opening)
        if conversation.hangs_up:
            return
        received, receive, send, size = conversation.received, client.receive, client.send, options.recv_size
        in_thread = partial(anyio.to_thread.run_sync, limiter=limiter)
        count, carry_out = options.handler.counting(), options.handler.offloaded(in_thread, anyio.sleep)
        with contextlib.suppress(anyio.EndOfStream):
            while True:
                data = await receive(size)
                if reply := received(data):
                    if times := count(data):
                        await carry_out(times)
                    await send(reply)
        if reply := conversation.finished():
            await send(reply)
    except anyio.BrokenResourceError:
        pass  # the client is gone
    finally:
        await client.aclose()


async def listen(listener: socket.socket, options: Options) -> None:
    complain, limiter = Complaint(), anyio.CapacityLimiter(options.own.threads)  # 40 for all that ask for none
    # Adopting the contract's listener pins the backlog; TCP_NODELAY AnyIO sets by itself.
    adopted = await anyio.abc.SocketListener.from_socket(listener)
    async with anyio.create_task_group() as clients:
        while True:
            try:
                client = await adopted.accept()
            except (OSError, anyio.BrokenResourceError) as error:  # serve() would end
                cause = error.__cause__ or error
                if getattr(cause, "errno", None) in EXHAUSTED:
                    complain(f"no connection can be accepted: {cause}")
                    await anyio.sleep(0.1)
                continue
            if transport := getattr(client, "_transport", None):  # asyncio's, which AnyIO shows in no other way
                transport.max_size = options.recv_size  # 256 KiB: what a read asks for
                transport.pause_reading()  # what came before the first receive() would leave it reading for good
            clients.start_soon(converse, client, options, limiter)


def serve(listener: socket.socket, options: Options) -> None:
    anyio.run(listen, listener, options)


if __name__ == "__main__":
    run(
        serve,
        __doc__,
        counted("--threads", 32, 1024, "handlers at a time"),
        waits="its own way",
        offloads=True,
        unix=True,
    )
