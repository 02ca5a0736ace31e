"""What the control groups that this process is in allow it: CPU time, memory, processes.

Both versions of them, and groups in groups: each holds its members to its own limit, so the least of all counts. In a
container the path that /proc tells may be one of the host's, which isn't mounted here; then the mount is the group.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

MOUNT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def cpus() -> float | None:
    """How many CPUs' time they allow; None: all there are."""
    allowed = []
    for folder in _folders("cpu"):
        quota, period = [*_words(folder / "cpu.max"), "", ""][:2]
        if not period:
            quota, period = (_word(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
        if quota.isdigit() and period.isdigit() and int(period):  # else "max", or -1
            allowed.append(int(quota) / int(period))
    return min(allowed, default=None)


def memory_left() -> int | None:
    """Bytes that they leave us; None: as many as the machine has. What only caches files can be had, too."""
    left = []
    for folder in _folders("memory"):
        limit, used = (
            _number(folder, "memory.max", "memory.limit_in_bytes"),
            _number(folder, "memory.current", "memory.usage_in_bytes"),
        )
        if limit is not None and used is not None:
            told = _table(folder / "memory.stat")
            cached = told.get("total_inactive_file", told.get("inactive_file", 0))
            left.append(max(limit - max(used - cached, 0), 0))
    return min(left, default=None)


def tasks_left() -> int | None:
    """Processes and threads that may be added; None: no group counts them."""
    left = []
    for folder in _folders("pids"):
        limit, used = _number(folder, "pids.max"), _number(folder, "pids.current")
        if limit is not None and used is not None:
            left.append(max(limit - used, 0))
    return min(left, default=None)


def throttled() -> int | None:
    """How often they were stopped because their CPU time was used up; None: that isn't told."""
    told = [_table(folder / "cpu.stat").get("nr_throttled") for folder in _folders("cpu")]
    known = [times for times in told if times is not None]
    return sum(known) if known else None


def _folders(controller: str) -> Iterator[Path]:
    """Of our group and those around it, by either version, from within."""
    for line in _lines(OWN):
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if not controllers:
            bases = [MOUNT, MOUNT / "unified"]
        elif controller in controllers.split(","):
            bases = [MOUNT / controllers, MOUNT / controller]
        else:
            continue
        own = PurePosixPath("/", path)
        for base in bases:
            for at in [own, *own.parents]:
                folder = base / at.relative_to("/")
                if ".." not in at.parts and folder.is_dir():
                    yield folder
            if controllers and base.is_dir():
                break  # the other name is a link to it


def _number(folder: Path, *names: str) -> int | None:
    """What the first of these files says; None where none has a number."""
    return next((int(word) for name in names if (word := _word(folder / name)).isdigit()), None)


def _table(path: Path) -> dict[str, int]:
    """A file of names and numbers."""
    rows = [line.split() for line in _lines(path)]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def _word(path: Path) -> str:
    return next(iter(_words(path)), "")


def _words(path: Path) -> list[str]:
    return next((line.split() for line in _lines(path)), [])


def _lines(path: Path) -> list[str]:
    """None where there is no such file, or it may not be read."""
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
