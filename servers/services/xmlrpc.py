"""xmlrpc: the method echo, called with a string by POST to /RPC2, returns that string."""


def echo(text: str) -> str:
    return text
