"""This machine: its CPUs, its limits, and the facts that a result must carry."""

import importlib.metadata
import os
import platform
import resource
from pathlib import Path
from typing import Any

import psutil

from harness import control_groups
from harness.config import Config, ConfigError

PACKAGES = ("gevent", "locust", "numpy", "twisted", "uvloop")
UNTOLD = 2**62  # bytes: a limit that the kernel doesn't tell
DESCRIPTORS_ASIDE = 200  # files, logs, libraries and Locust's own sockets


def share_cpus(config: Config, workers: int) -> tuple[list[int], list[int]]:
    """CPUs for the servers and for the loader's processes: of their own where there are at least two."""
    available = cpus()
    servers, loader = config.servers.cpus, config.loadgen.cpus
    for key, wanted in (("servers.cpus", servers), ("loadgen.cpus", loader)):
        missing = [cpu for cpu in wanted if cpu not in available] if wanted != "auto" else []
        if missing:
            raise ConfigError(
                f"{config.origin(key)}: {key}: CPU {missing[0]} doesn't exist here; "
                f'choose among {available}, or "auto"'
            )
    for_servers = list(servers) if servers != "auto" else cpus_for_servers(config, 1)
    rest = [cpu for cpu in available if cpu not in for_servers] or available
    for_loader = list(loader) if loader != "auto" else rest[:workers]
    return for_servers, for_loader


def cpus_for_servers(config: Config, count: int) -> list[int]:
    """So many CPUs for the servers: the last ones, those that the settings give them first, the loader's own last.

    Raises ValueError where there are fewer.
    """
    settings = config.loadgen.cpus, config.servers.cpus
    loaders, servers = ([] if setting == "auto" else setting for setting in settings)
    rank = {cpu: (cpu in servers, cpu not in loaders) for cpu in cpus()}
    in_order = [*sorted(set(rank).difference(servers), key=lambda cpu: (rank[cpu], cpu)), *servers]
    if count > len(in_order):
        has = f"{len(in_order)} CPU{'s' * (len(in_order) > 1)}"
        raise ValueError(f"{count} CPUs for the servers, and there are {has} here ({', '.join(map(str, cpus()))})")
    return in_order[-count:]


def cpus() -> list[int]:
    """The CPUs that there are for us."""
    return sorted(os.sched_getaffinity(0))


def descriptor_limit() -> int:
    """Files that one process may have open, at most."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return hard if hard != resource.RLIM_INFINITY else 1_048_576


def raise_descriptor_limit(needed: int) -> None:
    """Let this process, and all that it starts, open so many files; never lowers the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, descriptor_limit()), hard))


def backlog_limit() -> int:
    """What the kernel cuts every listen backlog to."""
    return int(_read("/proc/sys/net/core/somaxconn", "4096"))


def available_memory() -> int:
    """Bytes that can be had: what the machine has, or what the control group leaves if that is less."""
    left = control_groups.memory_left()
    return free_memory() if left is None else min(free_memory(), left)


def free_memory() -> int:
    """Bytes that the machine has for all that run on it."""
    return int(psutil.virtual_memory().available)


def socket_buffers() -> int:
    """Bytes that the kernel keeps for a connection at most: to be sent and to be read, at both of its ends."""
    told = [_read(f"/proc/sys/net/ipv4/tcp_{name}", "").split()[-1:] for name in ("rmem", "wmem")]
    return 2 * sum(int(largest) for [largest] in filter(None, told)) or UNTOLD


def all_socket_buffers() -> int:
    """Bytes that the kernel keeps for all connections together at most."""
    pages = _read("/proc/sys/net/ipv4/tcp_mem", "").split()[-1:]
    return int(pages[0]) * resource.getpagesize() if pages else UNTOLD


def time_wait() -> int:
    """Sockets in TIME_WAIT on this machine."""
    words = _read("/proc/net/sockstat", "").split()
    return int(words[words.index("tw") + 1]) if "tw" in words else 0


def reuses_ports() -> bool:
    """Whether ports of connections that have ended are used again for other hosts too, not on loopback alone."""
    return _read("/proc/sys/net/ipv4/tcp_tw_reuse", "").strip() == "1"


def facts() -> dict[str, Any]:
    """What and where: for run.json and the foot of each chart."""
    memory = psutil.virtual_memory().total
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "kernel": platform.release(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def limits() -> dict[str, Any]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return {
        "open_files_soft": soft,
        "open_files_hard": hard,
        "somaxconn": backlog_limit(),
        "ip_local_port_range": _read("/proc/sys/net/ipv4/ip_local_port_range", "").split(),
        "tcp_tw_reuse": _read("/proc/sys/net/ipv4/tcp_tw_reuse", "").strip(),
        "tcp_rmem": _read("/proc/sys/net/ipv4/tcp_rmem", "").split(),
        "tcp_wmem": _read("/proc/sys/net/ipv4/tcp_wmem", "").split(),
    }


def _cpu_model() -> str:
    for line in _read("/proc/cpuinfo", "").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _read(path: str, otherwise: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return otherwise
