"""Beside the chapter: asyncio streams on uvloop, or on any loop that --loop names.

Mechanism: that of asyncio streams; libuv (epoll on Linux) and compiled transports wait below them.
Cost: the reader, its buffer and the trips through the loop are asyncio's, in Python, as without uvloop. Its
transport reads up to 256,000 bytes at a time, the coroutine --recv-size of them.
"""

import asyncio
import socket

from servers.contract import Complaint, Options, Parser, run
from servers.event_loops.factories import add_loop


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, options: Options) -> None:
    """One client from the first byte to the last."""
    conversation = options.service()
    writer.transport.set_write_buffer_limits(high=options.recv_size)
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
    except (OSError, RuntimeError):
        pass  # the client is gone; the latter is uvloop's word where reading was to go on
    finally:
        writer.close()  # after all that is written has been sent


async def listen(listener: socket.socket, options: Options) -> None:
    loop = asyncio.get_running_loop()
    complain = Complaint()  # out of descriptors the loop would print a traceback a thousand times a second
    loop.set_exception_handler(lambda _, context: complain(context.get("exception", context["message"])))
    start_server = asyncio.start_unix_server if options.path else asyncio.start_server  # uvloop's are two things
    server = await start_server(
        lambda reader, writer: converse(reader, writer, options),
        sock=listener,
        backlog=options.backlog,  # 100: uvloop listens again on a socket that already listens
        limit=options.recv_size,  # 64 KiB; at twice that many unread bytes the transport stops reading
    )
    await server.serve_forever()


def add_options(parser: Parser) -> None:
    add_loop(parser, default="uvloop.new_event_loop")


def serve(listener: socket.socket, options: Options) -> None:
    with asyncio.Runner(loop_factory=options.own.loop) as runner:
        runner.run(listen(listener, options))


if __name__ == "__main__":
    run(serve, __doc__, add_options, waits="its own way", unix=True)
