"""What the kernel tells of a process in a line: /proc/PID/stat."""

# Places among its fields, counted after the name: proc_pid_stat(5) less 3.
STATE, PARENT, SESSION = 0, 1, 3
MINOR_FAULTS, CHILDRENS_MINOR_FAULTS, MAJOR_FAULTS, CHILDRENS_MAJOR_FAULTS = range(7, 11)
USER, SYSTEM, CHILDRENS_USER, CHILDRENS_SYSTEM = range(11, 15)  # clock ticks; of children that were waited for
THREADS, BORN = 17, 19  # clock ticks since the machine started
RUNS, STOPPED, ENDED = (b"R",), (b"T", b"t"), (b"Z", b"X")  # states


def fields(pid: int) -> list[bytes]:
    """Those after the name, which stands in parentheses and may hold anything. Raises OSError of one that is gone."""
    with open(f"/proc/{pid}/stat", "rb") as stat:
        return stat.read().rpartition(b")")[2].split()
