"""Servers of a plan in one block, alive, with all that a run has to measure them."""

from harness.plan import plan
from harness.plan.plan import Plan
from harness.processes.stage import Stage
from harness.recorder import Recorder
from harness.run.company import Companies
from harness.run.crowds import Crowds
from harness.run.fleet import Fleet
from harness.run.interleaving import Interleaving
from harness.run.loading import Loading
from harness.run.progress import Progress
from harness.run.standstill import Standstill

CROWDS = (100, 250)


class Met:
    """Fresh servers in a block of a plan, and a loader that connects crowds to them."""

    def __init__(self, plan: Plan, recorder: Recorder, stage: Stage, said: list[str]) -> None:
        self.plan = plan
        self.recorder = recorder
        self.stage = stage
        self.said = said
        self.fleet = Fleet(stage, plan, recorder, {})
        self.loading = Loading(stage, plan, recorder)
        progress = Progress(plan, lambda done, what, group: said.append(what))
        self.standstill = Standstill(self.fleet, recorder)
        self.crowds = Crowds(plan, self.fleet, self.loading, self.standstill, progress)
        companies = Companies(stage, plan)
        self.interleaving = Interleaving(
            plan, recorder, self.fleet, self.loading, companies, self.standstill, self.crowds, progress
        )

    def come(self, block: int = 0) -> dict[tuple[str, int], float | None]:
        """KiB that a connection takes, by server and crowd."""
        wanted = {group: self.plan.members(group) for group in reversed(self.plan.groups)}
        self.crowds.come("echo", wanted, block)
        return {(key, group.clients): self._slope_kib(group, key) for group, keys in wanted.items() for key in keys}

    def _slope_kib(self, group: plan.Group, key: str) -> float | None:
        one, crowd = self.crowds.told(group, key).values()
        return None if one is None or crowd is None else (crowd - one) / (group.clients - 1) / 1024
