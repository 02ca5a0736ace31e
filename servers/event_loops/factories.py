"""The option --loop, for servers that run on any of asyncio's event loops."""

import argparse
import asyncio
import pkgutil
from collections.abc import Callable

from servers.contract import Parser, library


def add_loop(parser: Parser, default: str) -> None:
    parser.add_argument(
        "--loop",
        type=_loop_factory,
        default=default,
        metavar="PACKAGE.FACTORY",
        help="what makes the event loop, such as uvloop.new_event_loop (default: %(default)s)",
    )


def _loop_factory(text: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """What `package.factory` names; it is tried once, before anything starts."""
    try:
        with library(text.partition(".")[0]):
            factory: Callable[[], asyncio.AbstractEventLoop] = pkgutil.resolve_name(text)
        loop = factory()
        if not isinstance(loop, asyncio.AbstractEventLoop):
            raise TypeError(f"it makes {loop!r}")
        loop.close()
    except Exception as error:
        raise argparse.ArgumentTypeError(f"{text} is no package.factory of event loops: {error}") from None
    return factory
