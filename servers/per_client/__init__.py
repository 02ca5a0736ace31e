"""A process or a thread for each client, whose calls block."""
