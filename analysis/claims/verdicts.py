"""The verdict of each claim that a run tried, from its results folder alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from analysis.claims import search
from analysis.claims.decision import Decided, Ruling, decide
from analysis.claims.evidence import Asked, Evidence, evidence
from analysis.judging.cells import tabulate
from analysis.records.reading import Results

EXIT_REFUTED, EXIT_NOT_SHOWN = 1, 3


@dataclass(frozen=True)
class Verdict:
    """A claim, what is said of it, and what that stands on."""

    claim: Mapping[str, Any]  # as run.json has it
    outcome: Ruling
    rules: tuple[Evidence, ...]
    decided: Decided | None = None  # None: there was nothing to decide
    missing: str = ""  # why not, or what it takes

    @property
    def name(self) -> str:
        return str(self.claim["name"])

    @property
    def deciding(self) -> Evidence | None:
        """The rule that refuted it, that it was hardest to show, or that keeps it from being shown."""
        return self.rules[self.decided.deciding] if self.decided and self.rules else None


def verdicts(results: Results, cells: pd.DataFrame) -> list[Verdict]:
    """Of the claims of a run, in the order of their file; empty for a run without claims."""
    claims = results.run.get("claims") or []
    asked = Asked(results, cells)
    found = _searched({claim["name"]: _evidence(claim, asked) for claim in claims}, results)
    tried = {name: [rule.tried for rule in rules] for name, rules in found.items() if rules and not _absent(rules)}
    decided = decide(tried)
    return [_verdict(claim, found[claim["name"]], decided.get(claim["name"])) for claim in claims]


def to_search(results: Results, cells: pd.DataFrame) -> dict[str, dict[str, list[int]]]:
    """By the name of a claim and of an axis: which values would tell better where it holds from."""
    return search.refined({one.name: one.rules for one in verdicts(results, cells)})


def _searched(found: dict[str, tuple[Evidence, ...]], results: Results) -> dict[str, tuple[Evidence, ...]]:
    """The same with crossovers as a search found them, where there was one."""
    refined = search.searched(results)
    if refined is None:
        return found
    asked = Asked(refined, tabulate(refined))
    for claim in refined.run.get("claims") or []:
        told = [evidence(rule, asked) for rule in claim["rules"] if rule["points"]]
        found[claim["name"]] = tuple(_with_search(one, told) for one in found.get(claim["name"], ()))
    return found


def _with_search(one: Evidence, told: list[Evidence]) -> Evidence:
    for other in told:
        if all(
            one.rule[key] == other.rule[key] for key in ("kind", "figure", "who", "by", "axis", "at_least", "at_most")
        ):
            return replace(one, crossover=search.better(one.crossover, other.crossover), searched=other.curve)
    return one


def exit_code(found: list[Verdict]) -> int:
    """0: none is refuted, 1: one is, 3: one could be tried and wasn't shown, or lacks something here."""
    if any(verdict.outcome is Ruling.REFUTED for verdict in found):
        return EXIT_REFUTED
    is_open = any(
        verdict.outcome is Ruling.NOT_SHOWN
        or (verdict.outcome is Ruling.NOT_TESTABLE and not verdict.claim["not_testable"])
        for verdict in found
    )
    return EXIT_NOT_SHOWN if is_open else 0


def _evidence(claim: Mapping[str, Any], asked: Asked) -> tuple[Evidence, ...]:
    if claim["lacking"]:
        return ()
    return tuple(evidence(rule, asked) for rule in claim["rules"])


def _absent(rules: tuple[Evidence, ...]) -> str:
    """What isn't there on this machine, if a rule needs it and none is counted to be wrong."""
    if any(rule.tried.counted is False for rule in rules):
        return ""
    return next((rule.missing for rule in rules if rule.is_lacking), "")


def _verdict(claim: Mapping[str, Any], rules: tuple[Evidence, ...], decided: Decided | None) -> Verdict:
    lacking = claim["lacking"] or _absent(rules) or ("" if rules else claim["not_testable"])
    if lacking or decided is None:
        return Verdict(claim, Ruling.NOT_TESTABLE, rules, missing=lacking or "it has no rule")
    place = next((place for place, rule in enumerate(rules) if rule.missing), decided.deciding)
    if decided.outcome is Ruling.NOT_SHOWN:
        decided = decided._replace(deciding=place)
    return Verdict(claim, decided.outcome, rules, decided, rules[place].missing)
