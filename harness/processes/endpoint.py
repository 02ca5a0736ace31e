"""Where a server listens, and how messages travel to it: TCP's or UDP's host and port, or the path of a Unix socket."""

import shutil
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import axes


@dataclass(frozen=True)
class Endpoint:
    host: str  # of a Unix socket the path
    port: int = 0
    transport: str = "tcp"

    @property
    def address(self) -> tuple[str, int] | str:
        """As connect() has it."""
        return self.host if self.is_local else (self.host, self.port)

    @property
    def url(self) -> str:
        """As the load generator is told it."""
        return f"{self.transport}://{quote(self.host) if self.is_local else self}"

    @property
    def family(self) -> int:
        """As socket() has it."""
        return socket.AF_UNIX if self.is_local else socket.AF_INET6 if ":" in self.host else socket.AF_INET

    @property
    def is_local(self) -> bool:
        return self.transport in axes.LOCAL

    @property
    def in_datagrams(self) -> bool:
        return self.transport in axes.IN_DATAGRAMS

    @property
    def told(self) -> Mapping[str, object]:
        """The options that tell a server of it, and the placeholders of its command."""
        return {"path": self.host} if self.is_local else {"host": self.host, "port": self.port}

    def __str__(self) -> str:
        if self.is_local:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def place(self) -> str:
        """Where others listen that are in its way."""
        return self.host if self.is_local else f"port {self.port}"


def fresh_path() -> str:
    """One for a Unix socket, in a folder of its own, as short as the system allows."""
    return str(Path(tempfile.mkdtemp(prefix="bench-")) / "s")


def remove(path: str) -> None:
    """What `fresh_path` has made, with the socket."""
    shutil.rmtree(Path(path).parent, ignore_errors=True)
