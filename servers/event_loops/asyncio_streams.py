"""Beside the chapter: asyncio streams, a coroutine per connection.

Mechanism: an event loop (epoll on Linux) wakes the coroutine whose reader has bytes.
Cost: on top of asyncio's Protocol a buffer, a task and one or two trips through the loop for each request.
The transport reads --recv-size bytes at a time, as asyncio-protocol's does.
"""

import asyncio
import socket

from servers.contract import Complaint, Options, run


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, options: Options) -> None:
    """One client from the first byte to the last."""
    conversation = options.service()
    transport = writer.transport
    transport.max_size = options.recv_size  # type: ignore[attr-defined]  # 256 KiB: what a read asks for
    transport.set_write_buffer_limits(high=options.recv_size)
    try:
        if conversation.opening:
            writer.write(conversation.opening)
        if not conversation.hangs_up:
            received, read, write, drain, size = (
                conversation.received,
                options.handler.after(reader.read, asyncio.sleep),
                writer.write,
                writer.drain,
                options.recv_size,
            )
            while data := await read(size):
                if reply := received(data):
                    write(reply)
                    await drain()  # waits, and so reads nothing, while the client doesn't take its replies
            write(conversation.finished())
    except OSError:
        pass  # the client is gone
    finally:
        writer.close()  # after all that is written has been sent


async def listen(listener: socket.socket, options: Options) -> None:
    loop = asyncio.get_running_loop()
    complain = Complaint()  # out of descriptors the loop would print a traceback a thousand times a second
    loop.set_exception_handler(lambda _, context: complain(context.get("exception", context["message"])))
    server = await asyncio.start_server(
        lambda reader, writer: converse(reader, writer, options),
        sock=listener,
        backlog=options.backlog,  # 100: asyncio listens again on a socket that already listens
        limit=options.recv_size,  # 64 KiB; at twice that many unread bytes the transport stops reading
    )
    await server.serve_forever()


def serve(listener: socket.socket, options: Options) -> None:
    asyncio.run(listen(listener, options))


if __name__ == "__main__":
    run(serve, __doc__, waits="its own way", unix=True)
