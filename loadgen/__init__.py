"""The load generator: a process of its own, steered by one JSON line a command."""
