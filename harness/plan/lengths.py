"""How long a window is: by the size of its crowd, and by what its server does for each message.

A plan expects these lengths and a run tells them to the load generator.
"""

from harness.config import Window

TIMES = 6  # a handler's time: in windows of five times it a p99 is told
IN_TURN = 1.5  # of the time that clients take whose handlers are carried out one after the other


def of_window(window: Window, clients: int, handler_us: int, counted_s: float) -> dict[str, float]:
    """Its parts in seconds, the counted one so long at least, as the load generator is told of them.

    With a handler it lasts some times its time, and what is open then is waited for. Clients begin over that time, as
    they would keep in step. A server that is blocked answers them one after the other: left to the next window, their
    requests would keep it busy there.
    """
    handler_s = handler_us / 1e6
    counted_s = max(counted_s, window.grown(clients, handler_s), TIMES * handler_s)
    lengths = window.durations(max(window.length(clients).head_s, handler_s), counted_s, clients)
    drain_s = min(IN_TURN * clients * handler_s, window.request_timeout_s)
    return lengths | {"drain_limit_s": max(lengths["drain_limit_s"], drain_s), "stagger_s": handler_s}
