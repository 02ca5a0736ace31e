"""For programs: one JSON object a line. docs/terminal.md lists the kinds and their keys."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from harness.conformance.suite import Conformance
from harness.notes import Note
from harness.plan.plan import Plan
from harness.views.view import View


def emit(event: str, **told: Any) -> None:
    """A line on standard output, whole and at once."""
    print(json.dumps({"event": event, **told}, allow_nan=False), flush=True)


def emit_plan(plan: Plan) -> None:
    """What is going to be measured."""
    emit(
        "plan",
        profile=plan.profile,
        strategies=list(plan.strategies),
        groups=[str(group) for group in plan.groups],
        blocks=None if plan.goes_on else plan.blocks,
        rounds=plan.rounds,
        seed=plan.seed,
        expected_s=round(plan.budget_s if plan.goes_on else plan.expected_seconds, 1),
    )
    for note in plan.notes:
        emit_note(note)


def emit_note(note: Note) -> None:
    """What a reader of the results must know."""
    emit("note", **asdict(note))


class EventsView(View):
    _where = ""

    def tell(self, done_s: float, where: str, group: int | None) -> None:
        if where != self._where:  # something else begins: told at once
            self._where = where
            self._progress(done_s, where, group)
        else:
            self.pace.draw(lambda: self._progress(done_s, where, group))

    def _progress(self, done_s: float, where: str, group: int | None) -> None:
        left_s = self.left_s(done_s)
        emit(
            "progress",
            where=where,
            left_s=None if left_s is None else round(left_s, 1),
            group=None if group is None else str(self.plan.groups[group]),
            figures=[] if group is None else [_figure(figure) for figure in self.so_far(group)],
        )

    def note(self, note: Note) -> None:
        emit_note(note)

    def gathering(self, sentence: str) -> None:
        emit("workers", said=sentence)

    def conformance(self, found: Mapping[str, Conformance]) -> None:
        for name, one in found.items():
            if one.reason or one.remarks:
                told = "skipped" if one.absent and one.absent.skipped else "failed" if one.reason else "passed"
                emit("conformance", strategy=name, outcome=told, reason=one.reason, remarks=one.remarks)


def _figure(figure: Any) -> dict[str, Any]:
    keys = ("name", "rate_rps", "ratio", "low", "high")
    return {key: getattr(figure, key) for key in keys}
