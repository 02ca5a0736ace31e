"""What clients say to each service and must hear, a file each; servers/services has one of the same name."""

from loadgen.exchanges.echo import Echo
from loadgen.exchanges.exchange import FORMS, NAME, Exchange, Request
from loadgen.exchanges.greet import Greet
from loadgen.exchanges.http import Http
from loadgen.exchanges.log import Log
from loadgen.exchanges.xmlrpc import Xmlrpc

__all__ = ["EXCHANGES", "FORMS", "NAME", "Exchange", "Request"]

EXCHANGES: dict[str, type[Exchange]] = {
    "echo": Echo,
    "greet": Greet,
    "log": Log,
    "http": Http,
    "xmlrpc": Xmlrpc,
}
