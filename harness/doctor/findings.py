"""What of a machine bends measurements and can be seen without measuring: its CPUs, its limits, its other load.

Each function takes facts and gives a `Finding`; only `look` reads the machine.
"""

import contextlib
import os
import shlex
import shutil
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from harness import control_groups, machine
from harness.accounts import cpu_ticks
from harness.accounts.cpu_ticks import Ticks
from harness.accounts.surroundings import STEAL_SHARE
from harness.config import Strategy

CROWD = 500  # clients; the largest of the default profile
# A loopback source address takes this many connections before the load generator goes on to the next.
CONNECTIONS_PER_ADDRESS = 8_000
# Shares of the CPUs. Over the 0.2 s that a run gives to it, two CPUs have 40 ticks: less would be chance.
FOREIGN_SHARE = 0.10
_SYSTEM = Path("/sys/devices/system/cpu")


@dataclass(frozen=True)
class Finding:
    """One line of what doctor says."""

    name: str
    ok: bool
    seen: str
    why: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name}: {self.seen}; {self.why}; {self.remedy}"


@dataclass(frozen=True)
class OtherUse:
    """What was done with the CPUs while we rested: shares of all their time."""

    seconds: float
    steal: float  # the host gave it to others
    foreign: float  # other processes here had it


@dataclass(frozen=True)
class Facts:
    """What the findings judge. None: the machine doesn't tell."""

    cpus: list[int]  # that we may use
    pinning: bool
    server_cpus: list[int]
    loader_cpus: list[int]
    siblings: dict[int, frozenset[int]]  # of each CPU: the threads of its core
    quota: float | None  # CPUs that the control groups are held to
    governors: dict[int, str]
    hypervisor: bool
    descriptors: int
    backlog: int
    ports: int
    reuses_time_wait: bool | None
    memory: int  # bytes available
    memory_per_client: int  # bytes, of all strategies together
    strategies: int
    compiler: str | None
    others: OtherUse
    is_group_short: bool = False  # of memory: the control groups leave less than the machine has
    tasks: int | None = None  # processes and threads that the control groups allow beside those there are
    tasks_per_client: int = 0  # of all strategies together


def cpus(facts: Facts) -> Finding:
    shared = set(facts.server_cpus) & set(facts.loader_cpus)
    return Finding(
        "CPUs",
        len(facts.cpus) >= 2 and not shared,
        f"{_counted(len(facts.cpus), 'CPU')}; servers on {_listed(facts.server_cpus)}, "
        f"load generator on {_listed(facts.loader_cpus)}",
        "on a CPU that both share, each takes from the other what is measured",
        "give this process two CPUs or more (taskset, cpuset, the size of the virtual machine), "
        "and servers.cpus and loadgen.cpus different ones",
    )


def pinning(facts: Facts) -> Finding:
    return Finding(
        "pinning",
        facts.pinning,
        "processes can be kept to a CPU" if facts.pinning else "the kernel refuses to keep a process to a CPU",
        "a server that moves between CPUs loses its caches at moments of its own",
        "permit sched_setaffinity (a container's seccomp profile may forbid it)",
    )


def cores(facts: Facts) -> Finding:
    couples = [
        (server, loader)
        for server in facts.server_cpus
        for loader in facts.loader_cpus
        if server != loader and loader in facts.siblings.get(server, ())
    ]
    told = "the kernel doesn't tell which CPUs share a core" if not facts.siblings else "a core each, as far as is told"
    return Finding(
        "cores",
        not couples,
        "; ".join(f"CPU {server} and CPU {loader} are threads of one core" for server, loader in couples) or told,
        "two threads of a core share its units: a busy load generator slows the server down, and the other way round",
        "set servers.cpus and loadgen.cpus in bench.toml to different cores (lscpu --extended lists them)",
    )


def quota(facts: Facts) -> Finding:
    return Finding(
        "quota",
        facts.quota is None or facts.quota >= 2,
        "no limit on CPU time"
        if facts.quota is None
        else f"held to the time of {facts.quota:g} CPU{'s' * (facts.quota != 1)}",
        "a group that has used its quota stands still until the next period, which looks like a slow server",
        "run the container without a limit on CPU time, or with one above the CPUs it uses",
    )


def governor(facts: Facts) -> Finding:
    others = sorted(set(facts.governors.values()) - {"performance"})
    return Finding(
        "frequency",
        not others,
        f"the governor is {', '.join(others)}" if others else "performance" if facts.governors else "nothing is told",
        "a frequency that follows the load makes the idler strategy's CPU the slower one",
        "sudo cpupower frequency-set --governor performance",
    )


def hypervisor(facts: Facts) -> Finding:
    return Finding(
        "virtual machine",
        not facts.hypervisor,
        "a hypervisor runs beneath" if facts.hypervisor else "none that shows",
        "neighbours on the host take time and caches that nothing here tells of: absolute figures move by the hour",
        "compare strategies within a run; for absolute figures take a machine of your own",
    )


def steal(facts: Facts) -> Finding:
    return Finding(
        "steal",
        facts.others.steal <= STEAL_SHARE,
        f"{facts.others.steal:.0%} of the CPU time of {facts.others.seconds:g} s went to other machines on the host",
        "a CPU that is taken away stops server or load generator in the middle of a request",
        "wait for a quieter hour, take more blocks, or move to a host that isn't overbooked",
    )


def foreign(facts: Facts) -> Finding:
    return Finding(
        "other load",
        facts.others.foreign <= FOREIGN_SHARE,
        f"{facts.others.foreign:.0%} of the CPU time of {facts.others.seconds:g} s went to other processes here",
        "they take turns on the CPUs that are measured",
        "end what else runs here (top shows it)",
    )


def descriptors(facts: Facts) -> Finding:
    needed = facts.strategies * CROWD + machine.DESCRIPTORS_ASIDE
    return Finding(
        "open files",
        facts.descriptors >= needed,
        f"a process may have {facts.descriptors:,} open; all strategies at {CROWD} clients take {needed:,}",
        "where they don't fit, strategies are measured in turns, and fewer of them share a moment",
        f"ulimit -Hn {needed}, or `nofile` in /etc/security/limits.conf",
    )


def backlog(facts: Facts) -> Finding:
    needed = 2 * CROWD + 16
    return Finding(
        "listen backlog",
        facts.backlog >= needed,
        f"net.core.somaxconn is {facts.backlog:,}; {CROWD} clients take {needed:,}",
        "a connection that finds the queue full is tried again after a second",
        f"sudo sysctl net.core.somaxconn={max(needed, 4096)}",
    )


def ports(facts: Facts) -> Finding:
    needed = CONNECTIONS_PER_ADDRESS + 2 * CROWD
    return Finding(
        "ports",
        facts.ports >= needed,
        f"{facts.ports:,} ephemeral ports; each source address of the load generator takes up to {needed:,}",
        "where ports run short, connecting gets slow without an error",
        'sudo sysctl net.ipv4.ip_local_port_range="32768 60999"',
    )


def time_wait(facts: Facts) -> Finding:
    seen = {True: "are used again", False: "are not used again for a minute", None: "are treated in a way not told"}
    return Finding(
        "TIME_WAIT",
        facts.reuses_time_wait is not False,
        f"ports of closed loopback connections {seen[facts.reuses_time_wait]}",
        "with a connection for each request, new ones get slow when most ports wait",
        "sudo sysctl net.ipv4.tcp_tw_reuse=2",
    )


def memory(facts: Facts) -> Finding:
    needed = CROWD * facts.memory_per_client
    return Finding(
        "memory",
        facts.memory >= needed,
        f"{facts.memory / 2**30:.1f} GiB available{' in the control group' * facts.is_group_short}; "
        f"all strategies at {CROWD} clients take {needed / 2**30:.1f}",
        "where they don't fit, strategies are measured in turns, and fewer of them share a moment",
        "close other programs, take fewer clients, or raise the limit of a container",
    )


def tasks(facts: Facts) -> Finding:
    needed = CROWD * facts.tasks_per_client
    return Finding(
        "processes",
        facts.tasks is None or facts.tasks >= needed,
        "no control group counts them" if facts.tasks is None
        else f"{facts.tasks:,} more may be started; those with one for each of {CROWD} clients take {needed:,}",
        "a server that can't start a process or a thread turns its client away",
        "raise the limit on processes of the container or the control group (pids.max), or take fewer clients",
    )  # fmt: skip


def compiler(facts: Facts) -> Finding:
    return Finding(
        "C compiler",
        facts.compiler is not None,
        facts.compiler or "none",
        "the load generator's compiled loop and the server that its ceiling is measured against are built with it",
        "install gcc, or name another in CC",
    )


# Those that a run says beforehand: they bend its figures, and a plan doesn't already see to them.
BEFORE_A_RUN: tuple[Callable[[Facts], Finding], ...] = (
    cpus,
    pinning,
    cores,
    quota,
    governor,
    steal,
    foreign,
    ports,
    time_wait,
)
ALL = (*BEFORE_A_RUN, hypervisor, descriptors, backlog, memory, tasks, compiler)


def look(server_cpus: list[int], loader_cpus: list[int], strategies: Collection[Strategy], seconds: float) -> Facts:
    """The facts of this machine; takes as long as it is to watch what else runs here."""
    available = sorted(os.sched_getaffinity(0))
    limits, left = machine.limits(), control_groups.memory_left()
    ports = limits["ip_local_port_range"]
    reuse = limits["tcp_tw_reuse"]
    return Facts(
        cpus=available,
        pinning=_may_pin(),
        server_cpus=server_cpus,
        loader_cpus=loader_cpus,
        siblings={cpu: found for cpu in available if (found := _siblings(cpu))},
        quota=control_groups.cpus(),
        governors={cpu: name for cpu in available if (name := _text(_SYSTEM / f"cpu{cpu}/cpufreq/scaling_governor"))},
        hypervisor="hypervisor" in _text(Path("/proc/cpuinfo")).split(),
        descriptors=machine.descriptor_limit(),
        backlog=machine.backlog_limit(),
        ports=int(ports[1]) - int(ports[0]) + 1 if ports else 0,
        reuses_time_wait=None if not reuse else reuse != "0",
        memory=machine.available_memory(),
        memory_per_client=sum(int(strategy.memory_per_client) for strategy in strategies),
        strategies=len(strategies),
        compiler=find_compiler(),
        others=watch(available, seconds),
        is_group_short=left is not None and left < machine.free_memory(),
        tasks=control_groups.tasks_left(),
        tasks_per_client=sum(strategy.family == "per_client" and strategy.serves is None for strategy in strategies),
    )


def find_compiler() -> str | None:
    """The command of the C compiler: $CC where that is set, else cc or gcc; None where there is no such program."""
    named = os.environ.get("CC")
    for command in [shlex.split(named)] if named else [["cc"], ["gcc"]]:
        if path := shutil.which(command[0]):
            return shlex.join([path, *command[1:]])
    return None


def watch(cpus: Collection[int], seconds: float) -> OtherUse:
    """Rest for so long; what others did with these CPUs meanwhile."""
    before, own_before = cpu_ticks.read(cpus), time.process_time()
    time.sleep(seconds)
    passed, own_s = cpu_ticks.read(cpus) - before, time.process_time() - own_before
    return other_use_of(passed, own_s * os.sysconf("SC_CLK_TCK"), seconds)


def other_use_of(passed: Ticks, own: float, seconds: float) -> OtherUse:
    """From the ticks that passed, of which `own` were ours."""
    total = max(passed.total, 1)
    return OtherUse(seconds, passed.steal / total, max(passed.busy - own, 0) / total)


def _may_pin() -> bool:
    try:
        os.sched_setaffinity(0, os.sched_getaffinity(0))
    except OSError:
        return False
    return True


def _siblings(cpu: int) -> frozenset[int]:
    return cpu_list(_text(_SYSTEM / f"cpu{cpu}/topology/thread_siblings_list"))


def cpu_list(text: str) -> frozenset[int]:
    """The CPUs of the kernel's notation: "0-1,4" are 0, 1 and 4."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def _text(path: Path) -> str:
    """Empty where there is no such file, or it may not be read."""
    with contextlib.suppress(OSError):
        return path.read_text().strip()
    return ""


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _listed(cpus: list[int]) -> str:
    return f"CPU {', '.join(map(str, cpus))}"
