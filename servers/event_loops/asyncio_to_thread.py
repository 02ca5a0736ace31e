"""Beside the chapter: asyncio streams, whose handlers run in threads (asyncio.to_thread).

Mechanism: that of asyncio streams; the coroutine hands the handler to the loop's executor of --threads threads, and
goes on when one is done with it. A handler that waits is awaited instead.
Cost: on top of asyncio streams a work item and two futures for each message, the waking of a thread, and that of the
loop by a byte through a socket pair. Under a GIL, handlers that compute take turns with each other and with the loop.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from servers.contract import Complaint, Options, counted, run


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
                reader.read,
                writer.write,
                writer.drain,
                options.recv_size,
            )
            count, carry_out = options.handler.counting(), options.handler.offloaded(asyncio.to_thread, asyncio.sleep)
            while data := await read(size):
                if reply := received(data):
                    if times := count(data):
                        await carry_out(times)
                    write(reply)
                    await drain()  # waits, and so reads nothing, while the client doesn't take its replies
            write(conversation.finished())
    except OSError:
        pass  # the client is gone
    finally:
        writer.close()  # after all that is written has been sent


async def listen(listener: socket.socket, options: Options) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(options.own.threads))  # at most 32 by itself, by the number of CPUs
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
    run(
        serve,
        __doc__,
        counted("--threads", 32, 1024, "handlers at a time"),
        waits="its own way",
        offloads=True,
        unix=True,
    )
