"""What asyncio's protocols have in common where handlers wait: the loop calls back when the time is over.

Until then nothing more is read of that client. So what it is sent keeps its order, and memory its bounds.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from servers.contract import Options

Client = TypeVar("Client", bound=asyncio.BaseProtocol)


def delayed(client: type[Client], options: Options) -> type[Client]:
    """The class as it is; where handlers wait, one in which what came reaches it when its time is over."""
    handler, base = options.handler, client
    if not handler.waits:
        return client

    class Delayed(base):  # type: ignore[misc, valid-type]
        def __init__(self, options: Options) -> None:
            super().__init__(options)
            self.count = handler.counting()

        def data_received(self, data: bytes) -> None:
            self.delay(data, super().data_received, data)

        def buffer_updated(self, nbytes: int) -> None:
            self.delay(bytes(self.buffer[:nbytes]), super().buffer_updated, nbytes)

        def delay(self, came: bytes, answer: Callable[[Any], None], what: Any) -> None:
            if times := self.count(came):
                self.transport.pause_reading()
                asyncio.get_running_loop().call_later(times * handler.seconds, self.answer, answer, what)
            else:
                answer(what)

        def answer(self, answer: Callable[[Any], None], what: Any) -> None:
            if not self.transport.is_closing():  # else the client is gone
                self.transport.resume_reading()  # before it writes, which may pause reading again
                answer(what)

    return Delayed
