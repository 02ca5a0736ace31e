"""A plan whose load comes from other hosts, too."""

import ipaddress
from dataclasses import replace

from harness.config import ConfigError
from harness.config.attach import parted
from harness.hosts import LOOPBACK, Hosts
from harness.plan.plan import Plan


def over(plan: Plan, hosts: Hosts) -> Plan:
    """The plan with these hosts: fewer workers are here. Raises ConfigError where that makes no sense."""
    if hosts.elsewhere > plan.workers:
        there = "there is 1 worker" if plan.workers == 1 else f"there are {plan.workers} workers"
        asked = f"--from-hosts {hosts.elsewhere}: {there} in all"
        raise ConfigError(f"{asked}; ask for as many with --workers {hosts.elsewhere}")
    if not hosts.elsewhere and (hosts.address, hosts.port) != (LOOPBACK, 0):
        raise ConfigError(
            f"--listen {hosts.address}: no worker comes from elsewhere; say how many do with --from-hosts, or leave "
            "it out"
        )
    here = plan.workers - hosts.elsewhere
    planned = replace(plan, hosts=hosts, loader_cpus=plan.loader_cpus[: max(1, here)])
    if hosts.elsewhere:
        _must_be_reached(planned)
    return planned


def asked(plan: Plan) -> list[str]:
    """The hosts that the load goes to, by their addresses."""
    there = [parted(one.address)[0] if one.attach else plan.hosts.servers_at for one in plan.strategies.values()]
    return sorted(set(there))


def _must_be_reached(plan: Plan) -> None:
    """Raises ConfigError where somebody's server can't be met from another host."""
    if local := [name for name in plan.transports if name.startswith("unix")]:
        raise ConfigError(f"--from-hosts: a Unix socket can't be reached from another host; leave {local[0]} out")
    if plan.hosts.address != LOOPBACK:
        for one in plan.strategies.values():
            if one.attach and ipaddress.ip_address(parted(one.address)[0]).is_loopback:
                raise ConfigError(
                    f"strategies.{one.name}.attach: {one.address} is another server on each host; write the address "
                    "that all hosts reach it by"
                )
