"""Beside the chapter: AnyIO on asyncio, on uvloop or on trio, a task of a task group per connection.

Mechanism: one interface for three; --backend says which. On asyncio's loop and on uvloop's it has a Protocol of its own
with a queue of what came, and no asyncio streams; on trio it stands on trio.socket.
Cost: a layer of calls, guards and checkpoints on top. On the former two it stops and resumes reading for each request.
"""

import argparse
import contextlib
import importlib
import socket

from servers.contract import EXHAUSTED, Complaint, Options, Parser, library, run

with library("anyio"):
    import anyio
    import anyio.abc

BACKENDS = ["asyncio", "uvloop", "trio"]


async def converse(client: anyio.abc.SocketStream, options: Options) -> None:
    """One client from the first byte to the last."""
    conversation = options.service()
    try:
        if conversation.opening:
            await client.send(conversation.opening)
        if conversation.hangs_up:
            return
        receive = options.handler.after(client.receive, anyio.sleep)
        received, send, size = conversation.received, client.send, options.recv_size
        with contextlib.suppress(anyio.EndOfStream):
            while True:
                if reply := received(await receive(size)):
                    await send(reply)
        if reply := conversation.finished():
            await send(reply)
    except anyio.BrokenResourceError:
        pass  # the client is gone
    finally:
        await client.aclose()


async def listen(listener: socket.socket, options: Options) -> None:
    complain = Complaint()
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
                if options.own.backend == "asyncio":
                    transport.max_size = options.recv_size  # 256 KiB: what a read asks for; uvloop's can't be changed
                transport.pause_reading()  # what came before the first receive() would leave it reading for good
            clients.start_soon(converse, client, options)


def backend(name: str) -> str:
    if name not in BACKENDS:
        raise argparse.ArgumentTypeError(f"no backend {name!r}; there are {', '.join(BACKENDS)}")
    with library(name):
        importlib.import_module(name)
    return name


def add_options(parser: Parser) -> None:
    parser.add_argument(
        "--backend",
        type=backend,
        default="asyncio",
        help=f"what it stands on: {', '.join(BACKENDS)} (default: %(default)s)",
    )


def serve(listener: socket.socket, options: Options) -> None:
    own = options.own.backend
    base, more = ("asyncio", {"use_uvloop": True}) if own == "uvloop" else (own, {})
    anyio.run(listen, listener, options, backend=base, backend_options=more)


if __name__ == "__main__":
    run(serve, __doc__, add_options, waits="its own way", unix=True)
