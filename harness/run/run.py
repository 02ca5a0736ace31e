"""Carries a plan out. What is measured, and when, follows from the rules of a block.

    block            fresh server processes for each service; in some, crowds come first for what memory they take
      group          all its members connected (in waves, where not all fit)
        round        one window for each member, in random order

Rule 1. A block starts every server anew. Processes of the same program differ (memory layout, where the kernel
puts them, which face of a library they show), and a process keeps its face while it lives. So windows of one block are
no independent witnesses: blocks are what repeats, and intervals count blocks.

Rule 2. Everything that is compared is alive at once and interleaved. A machine has slow and fast minutes; neighbours in
time share them, so that they cancel in a ratio.

Rule 3. The order is random, of starts, of groups and in each round, from the seed: what comes first or after whom must
not favour anybody. Variants of a strategy are neighbours in their round. Closed loops come before the others, which may
ask for a share of their rate.

Rule 4. A window's row is in the file before the next begins: whatever ends the run costs one window. What ends the
machine costs the block under way.

Rule 5. A failure costs its own rows, and time. A server that answers nobody is out of the group; one that is dead is
out of the block, and the next block starts it again. A loader that fails costs the window under way and is started
again, but not for ever. Where time is short all get fewer rounds.

Rule 6. After each block the run's rule is asked which cells are settled, whether it is enough, and how many rounds the
next block gets. Nothing here decides that.
"""

from collections.abc import Mapping
from itertools import chain

from harness import notes
from harness.accounts import surroundings
from harness.plan.group import Entry, Group
from harness.plan.plan import Plan
from harness.processes.calibration import Calibration, recount
from harness.processes.server import ServerFailed
from harness.processes.stage import Stage
from harness.recorder import Recorder
from harness.run.blocks import Blocks, Rule
from harness.run.company import Companies
from harness.run.crowds import Crowds
from harness.run.fleet import Fleet
from harness.run.interleaving import Interleaving
from harness.run.loading import Loading
from harness.run.progress import Progress, Tell
from harness.run.standstill import Standstill


def carry_out(
    plan: Plan,
    recorder: Recorder,
    stage: Stage,
    loading: Loading,
    rule: Rule,
    tell: Tell,
    absent: Mapping[str, ServerFailed],
    calibration: Calibration | None = None,
) -> None:
    """Measure blocks until the rule calls it enough. `absent` strategies, by label, are recorded as such, not started.

    With a `calibration` handlers compute, and it is counted again at each block's beginning.

    Raises GivenUp if the load generator keeps failing.
    """
    progress = Progress(plan, tell)
    fleet = Fleet(stage, plan, recorder, absent, calibration)
    standstill = Standstill(fleet, recorder)
    crowds = Crowds(plan, fleet, loading, standstill, progress)
    companies = Companies(stage, plan)
    interleaving = Interleaving(plan, recorder, fleet, loading, companies, standstill, crowds, progress)
    blocks = Blocks(plan, rule, recorder, progress)
    loading.ensure()  # it takes longer to start than a server
    recorder.begin_measuring()
    for group in plan.groups:
        for name, why in plan.unable(group).items():
            recorder.failure(name, group, 0, why, skipped=True)
    for block in blocks:
        loading.block = block
        counted = recount(plan.server_cpus[-1:]) if calibration else None
        if calibration and counted is None:
            recorder.note(notes.not_counted())
        cpus = {*plan.loader_cpus, *chain(*plan.servers_cpus)}
        with surroundings.watched(cpus, recorder.surroundings, counted):
            for service in plan.services:
                wanted = {group: members for group in plan.groups
                          if group.service == service and (members := blocks.wanted(group))}  # fmt: skip
                if not wanted:
                    continue
                with fleet.started(_servers(plan, wanted), service, block):
                    crowds.come(service, wanted, block)
                    for group in _in_turn(plan, list(wanted), block):
                        for turn, wave in enumerate(plan.shuffled(plan.waves[group], block, group, "waves")):
                            members = [member for member in wave if member in wanted[group]]
                            interleaving.measure(group, members, block, blocks.rounds, turn)
        recorder.block_ended()


def _servers(plan: Plan, wanted: Mapping[Group, list[str]]) -> dict[str, Entry]:
    """Whose servers these members of groups need, by name."""
    needed = {name for members in wanted.values() for name in members}
    return {name: entry for name, entry in plan.servers(wanted).items() if name in needed}


def _in_turn(plan: Plan, groups: list[Group], block: int) -> list[Group]:
    """In random order, closed loops first."""
    closed = [group for group in groups if group.load == "closed"]
    others = [group for group in groups if group.load != "closed"]
    return [*plan.shuffled(closed, block), *plan.shuffled(others, block, "others")]
