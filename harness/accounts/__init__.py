"""What the kernel says of a server: CPU time, faults, memory, context switches; and what counts to which window."""
