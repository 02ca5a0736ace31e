"""Who else is at a group's servers: they come before its clients, act in their server's windows, leave after them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import axes
from harness.plan.group import Group
from harness.plan.plan import Plan
from harness.processes.company import Company
from harness.processes.loader import LoaderFailed
from harness.processes.server import ServerFailed
from harness.processes.stage import Stage


@dataclass
class Beside:
    """What became of a server's company in a window, as a record has it; nothing of one that has none."""

    record: dict[str, Any] = field(default_factory=dict)


class Companies:
    """In as many processes as their connections need."""

    def __init__(self, stage: Stage, plan: Plan) -> None:
        self._stage = stage
        self._plan = plan
        self._processes: list[Company] = []
        self._at: dict[str, Company] = {}  # by the server's key

    @property
    def are_there(self) -> bool:
        """Whether anybody has come and not left."""
        return bool(self._at)

    def come(self, group: Group, key: str) -> None:
        """A server's company comes, unless it is there already.

        Raises LoaderFailed, and ServerFailed of a server that has no room for it or takes in nobody after it.
        """
        kind, size = axes.company_of(self._plan.entries[group][key].values)
        if not size or key in self._at:
            return
        company = self._at[key] = self._with_room(size)
        came = self._stage.come(company, key, kind, size)
        if kind not in axes.STAYING:
            return
        missing = size - came["open"]
        if missing > self._plan.config.verdict.errors_share * size:
            raise ServerFailed(f"has room for {came['open']:,} only")
        if not came["answers"]:
            raise ServerFailed("answers nobody who comes after them")

    @contextmanager
    def window(self, key: str, head_s: float) -> Iterator[Beside]:
        """Around a server's window, when it moves already; known when it is over. Raises LoaderFailed."""
        beside = Beside()
        company = self._at.get(key)
        if company is None:
            yield beside
            return
        company.begin(key, head_s)
        try:
            yield beside
        finally:
            beside.record = company.end()

    def leave(self) -> None:
        """All of them. One that can't is ended, and its connections are closed too."""
        self._at.clear()
        try:
            for company in self._processes:
                company.leave()
        except LoaderFailed:
            self.failed()

    def failed(self) -> None:
        """They are ended; those that are needed are started when a group's clients connect anew."""
        self._stage.stop_companies()
        self._processes.clear()
        self._at.clear()

    def said(self, group: Group, key: str) -> str:
        """Beside whom a server is, in words: beside 1,000 idle connections; nothing where that is nobody."""
        kind, size = axes.company_of(self._plan.entries[group][key].values)
        return f"{axes.BESIDE[kind]}, {size:,} of them" if size else ""

    def _with_room(self, size: int) -> Company:
        for company in self._processes:
            if company.room >= size:
                return company
        company = self._stage.start_company(self._plan.company_cpus)
        self._processes.append(company)
        return company
