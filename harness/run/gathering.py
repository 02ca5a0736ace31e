"""Before a run that has workers on other hosts: they are waited for, said, and their clocks are good enough or not."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from harness.config import ConfigError
from harness.hosts import LOOPBACK
from harness.plan.hosts import asked
from harness.plan.plan import Plan
from harness.processes.loader import LoaderFailed
from harness.processes.stage import Stage
from harness.recorder import Recorder

LOOK_S = 1.0  # between two looks at who is there
TIMES_UNCERTAIN = 10  # a window is to be longer than what the workers' clocks are uncertain by

Workers = Sequence[Mapping[str, Any]]  # as run.json has them


def gather(stage: Stage, plan: Plan, recorder: Recorder, ready: Mapping[str, Any], say: Callable[[str], None]) -> None:
    """Return when all workers are there and recorded. Raises ConfigError where they aren't in time, or don't suit."""
    say(f"on each other host: {invitation(plan, ready)}")
    if plan.hosts.is_on_loopback:
        say(f"{plan.hosts.address} reaches this machine alone; --listen ADDRESS names one that other hosts reach")
    deadline = time.monotonic() + plan.config.loadgen.hosts_timeout_s
    told = ""
    while True:
        try:
            found = stage.loader.gather(asked(plan), LOOK_S)
        except LoaderFailed as failure:
            raise ConfigError(f"the workers can't be gathered: {failure}; begin the run again") from None
        for sentence in stage.loader.take_news():
            say(sentence)
        if (line := here(found["workers"], plan.workers)) != told:
            left_s = max(0.0, deadline - time.monotonic())
            say(line + f"; the run waits for {left_s:.0f} s more (loadgen.hosts_timeout_s)" * bool(found["missing"]))
            told = line
        if not found["missing"]:
            break
        if time.monotonic() > deadline:
            waited_s = plan.config.loadgen.hosts_timeout_s
            raise ConfigError(
                f"--from-hosts {plan.hosts.elsewhere}: {found['missing']} of {several(plan.workers)} didn't come to "
                f"{ready['master']} within {waited_s:g} s (loadgen.hosts_timeout_s); start them, open that port, or "
                "ask for fewer"
            )
    recorder.workers(found["workers"])
    _must_have_ports(plan, found["workers"])
    _must_suit(plan, found["workers"])


def invitation(plan: Plan, ready: Mapping[str, Any]) -> str:
    """What is to be started on each other host, to be copied."""
    remote = " --allow-remote" * (asked(plan) != [LOOPBACK])
    return f".venv/bin/python -m loadgen.worker --master {ready['master']} --token {ready['token']}{remote}"


def here(workers: Workers, wanted: int) -> str:
    """Who is there, in a line."""
    told = [f"{one['name']} ({one['cpus']} CPU{'s' * (one['cpus'] != 1)}, Python {one['python']})" for one in workers]
    are = "is" if 1 in (len(told), wanted) else "are"
    return f"{len(told)} of {several(wanted)} {are} here" + f": {', '.join(told)}" * bool(told)


def several(workers: int) -> str:
    return f"{workers} worker{'s' * (workers != 1)}"


def _must_have_ports(plan: Plan, workers: Workers) -> None:
    """Raises ConfigError where a host runs out of ports: its clients end connections to another one."""
    ending = next((group for group in plan.groups if group.ends_connections), None)
    without = next((one for one in workers if one["elsewhere"] and not one["reuses_ports"]), None)
    if ending and without and asked(plan) != [LOOPBACK]:
        raise ConfigError(
            f"{ending}: clients on {without['name']} end their connections, whose ports stay taken for a minute, so "
            "that soon there are none; `sysctl net.ipv4.tcp_tw_reuse=1` there frees them, or leave "
            "--requests-per-connection as it is"
        )


def _must_suit(plan: Plan, workers: Workers) -> None:
    """Raises ConfigError where a window is short beside what the clocks are uncertain by."""
    worst = max(workers, key=lambda one: float(one["clock_uncertainty_s"]))
    uncertainty_s = float(worst["clock_uncertainty_s"])
    shortest_s, key = min(_lengths(plan))
    if shortest_s < TIMES_UNCERTAIN * uncertainty_s:
        raise ConfigError(
            f"{plan.config.origin(key)}: {key}: windows of {shortest_s:g} s are shorter than {TIMES_UNCERTAIN} times "
            f"what the clock of {worst['name']} is uncertain by ({uncertainty_s * 1e3:.3g} ms, half of a message's way "
            f"there and back); make counted_s {TIMES_UNCERTAIN * uncertainty_s:.2g} at least"
        )


def _lengths(plan: Plan) -> Iterator[tuple[float, str]]:
    """The counted part of each group's windows in seconds, and the key that says so."""
    for group in plan.groups:
        if group.load == "closed":
            yield plan.config.window.length(group.clients).counted_s, "window.lengths"
        else:
            yield plan.config.open.counted_s, "open.counted_s"
