"""A plan whose load comes from other hosts, too."""

from dataclasses import replace

from harness.config import ConfigError
from harness.hosts import LOOPBACK, Hosts
from harness.plan.plan import Plan


def over(plan: Plan, hosts: Hosts) -> Plan:
    """The plan with these hosts: fewer workers are here. Raises ConfigError where that makes no sense."""
    if hosts.elsewhere > plan.workers:
        asked = f"--from-hosts {hosts.elsewhere}: there are {plan.workers} workers in all"
        raise ConfigError(f"{asked}; ask for as many with --workers {hosts.elsewhere}")
    if not hosts.elsewhere and (hosts.address, hosts.port) != (LOOPBACK, 0):
        raise ConfigError(
            f"--listen {hosts.address}: no worker comes from elsewhere; say how many do with --from-hosts, or leave it out"
        )
    here = plan.workers - hosts.elsewhere
    return replace(plan, hosts=hosts, loader_cpus=plan.loader_cpus[: max(1, here)])
