"""Beside the chapter: asyncio streams, whose handlers run in processes (run_in_executor of a ProcessPoolExecutor).

Mechanism: that of asyncio-to-thread, with --processes processes that are forked before there are clients. They carry
out handlers alone; connections stay where they were.
Cost: on top of asyncio streams a call that is pickled, a queue with a thread of its own, two pipes, and the waking of
another process for each message. In return handlers that compute use other CPUs.
"""

import asyncio
import multiprocessing
import os
import signal
import socket
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from types import FrameType
from typing import NoReturn

from servers.children import STOP_SIGNALS, settle
from servers.contract import CRASHED, Complaint, Options, cannot_start, counted, leave, ready, run


async def converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, options: Options, pool: ProcessPoolExecutor
) -> None:
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
            in_process = partial(asyncio.get_running_loop().run_in_executor, pool)
            count, carry_out = options.handler.counting(), options.handler.offloaded(in_process, asyncio.sleep)
            while data := await read(size):
                if reply := received(data):
                    if times := count(data):
                        await carry_out(times)
                    write(reply)
                    await drain()  # waits, and so reads nothing, while the client doesn't take its replies
            write(conversation.finished())
    except OSError:
        pass  # the client is gone
    except BrokenProcessPool as error:  # with fewer processes it would be another server
        print(error, file=sys.stderr, flush=True)
        os._exit(CRASHED)
    finally:
        writer.close()  # after all that is written has been sent


async def listen(listener: socket.socket, options: Options, pool: ProcessPoolExecutor) -> None:
    loop = asyncio.get_running_loop()
    complain = Complaint()  # out of descriptors the loop would print a traceback a thousand times a second
    loop.set_exception_handler(lambda _, context: complain(context.get("exception", context["message"])))
    server = await asyncio.start_server(
        lambda reader, writer: converse(reader, writer, options, pool),
        sock=listener,
        backlog=options.backlog,  # 100: asyncio listens again on a socket that already listens
        limit=options.recv_size,  # 64 KiB; at twice that many unread bytes the transport stops reading
    )
    await server.serve_forever()


def serve(listener: socket.socket, options: Options) -> None:
    context, own = multiprocessing.get_context("fork"), os.getpid()
    try:
        pool = ProcessPoolExecutor(options.own.processes, context, begin, (listener, own))
        pool.submit(int).result()  # forks all of them, while there is no other thread
    except (OSError, ImportError, BrokenProcessPool) as error:
        stop_processes()
        cannot_start(f"cannot start {options.own.processes} processes: {error}")
    for stop_signal in STOP_SIGNALS:
        signal.signal(stop_signal, stop)
    ready(listener)
    asyncio.run(listen(listener, options, pool))


def begin(listener: socket.socket, parent: int) -> None:
    """In a process of the pool, which lets go of its parent's port."""
    settle(parent)
    listener.close()


def stop(signum: int, frame: FrameType | None) -> NoReturn:
    stop_processes()
    leave()


def stop_processes() -> None:
    """Take the pool's processes along; waiting for them also counts their CPU time in ours."""
    processes = multiprocessing.active_children()
    for process in processes:
        process.kill()
    for process in processes:
        process.join()


if __name__ == "__main__":
    processes = counted("--processes", 2, 64, "processes that carry out handlers")
    run(serve, __doc__, processes, says_ready=True, waits="its own way", offloads=True, unix=True)
