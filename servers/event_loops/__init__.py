"""A library's event loop waits; a coroutine or a protocol has what came."""
