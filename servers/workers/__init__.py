"""Several loops at the same time, a process or a thread for each."""
