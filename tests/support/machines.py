"""Machines of which everything is known: one with nothing wrong, and what is measured on a quiet one."""

from analysis.noise import Noise
from harness.doctor.findings import Facts, OtherUse

SOUND = Facts(
    cpus=[0, 1, 2, 3],
    pinning=True,
    server_cpus=[3],
    loader_cpus=[0],
    siblings={0: frozenset({0, 1}), 1: frozenset({0, 1}), 2: frozenset({2, 3}), 3: frozenset({2, 3})},
    quota=None,
    governors={0: "performance", 3: "performance"},
    hypervisor=False,
    descriptors=100_000,
    backlog=4096,
    ports=28_232,
    reuses_time_wait=True,
    memory=16 * 2**30,
    memory_per_client=2 * 2**20,
    strategies=14,
    compiler="/usr/bin/cc",
    others=OtherUse(seconds=2.0, steal=0.001, foreign=0.01),
)


QUIET = Noise(
    ratio=1.001, ratio_low=0.99, ratio_high=1.01, window_sd=0.05, block_sd=0.0, round_s=0.25, block_cost_s=0.5
)
