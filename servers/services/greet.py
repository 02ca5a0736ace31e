"""greet: a greeting, then goodbye (listings 14-1 to 14-5)."""

from servers.services.conversation import Conversation


class Greet(Conversation):
    __slots__ = ()

    opening = b"Thank you for connecting\r\n"
    hangs_up = True
