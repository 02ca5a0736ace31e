"""A library's reactor reads what is ready, and calls back with what came."""
