"""The services, a file each; loadgen/exchanges and harness/conformance have one of the same name."""

from servers.services.conversation import Conversation
from servers.services.echo import Echo
from servers.services.greet import Greet
from servers.services.log import Log

__all__ = ["SERVICES", "Conversation"]

SERVICES: dict[str, type[Conversation]] = {"echo": Echo, "greet": Greet, "log": Log}
