"""From claims to a plan: one run whose matrix is the union of theirs, and which of its cells each rule asks.

A claim that needs what this machine lacks takes no part; what it lacks is kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import axes
from axes import AXES, BY_KEY
from harness.config import Config, ConfigError, Matrix
from harness.config.claims import COUNTS, Claim, File, Rule
from harness.config.tables import Amount, Profile
from harness.plan import plan, selection
from harness.plan.group import Group
from harness.plan.plan import Overrides, Plan

PROFILE = "trial"  # the name that the run's profile has
NOTHING = {"service": ["echo"], "clients": [1]}  # what a run of probes alone measures: its reference, for a moment

Point = dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """What is going to be tried, and what can't be."""

    plan: Plan
    probes: dict[str, list[str]]  # by name: the strategies that each is asked about
    claims: list[dict[str, Any]]  # as run.json has them, each rule with the cells that it asks


def make(config: Config, file: File, path: str, amount: Amount, seed: int | None, workers: int | None) -> Trial:
    """Raises ConfigError for a rule that asks what the claim's matrix doesn't have."""
    taken: list[Matrix] = []
    probes: dict[str, list[str]] = {}
    records = []
    for claim in file.claims:
        lacking, told = "", [_told(rule) for rule in claim.rules]
        if claim.entries and claim.rules:
            try:
                alone = _plan(config, claim.entries, amount, seed, workers, path)
            except ConfigError as error:
                lacking = str(error).removeprefix(f"{path}: ").removeprefix(f"profiles.{PROFILE}: ")
            else:
                taken += claim.entries
                told = [_told(rule, _points(rule, claim, alone.groups, path, place))
                        for place, rule in enumerate(claim.rules)]  # fmt: skip
        for rule in claim.rules:
            if rule.probe:
                asked = probes.setdefault(rule.probe, [])
                asked += [name for name in (rule.who, rule.by) if name and name not in asked]
        said = claim.model_dump(include={"name", "text", "source", "means", "changes", "not_testable"})
        records.append(said | {"lacking": lacking, "rules": told})
    planned = _plan(config, taken or [_nothing(config)], amount, seed, workers, path)
    return Trial(planned, probes, records)


def refined(file: File, values: Mapping[str, Mapping[str, list[int]]]) -> File:
    """The claims with rules along an axis, at other values of it: by the claim's name and the axis's.

    An entry that has one value of the axis keeps it, and takes no part: those rules ask for several.
    """
    claims = []
    for claim in file.claims:
        for name, new in values.get(claim.name, {}).items():
            key = AXES[name].key
            entries = [
                entry.model_copy(update={key: new}) for entry in claim.entries if len(entry.values(AXES[name])) > 1
            ]
            rules = [rule for rule in claim.rules if rule.along == key]
            claims.append(claim.model_copy(update={"matrix": entries, "rules": rules}))
    return file.model_copy(update={"claims": claims})


def _plan(
    config: Config, entries: list[Matrix], amount: Amount, seed: int | None, workers: int | None, path: str
) -> Plan:
    profile = Profile(matrix=entries, **amount.model_dump())
    with_it = config.model_copy(
        update={
            "profiles": config.profiles | {PROFILE: profile},
            "origins": config.origins | {f"profiles.{PROFILE}": path},
        }
    )
    names = dict.fromkeys(name for entry in entries for name in entry.strategies)
    strategies = selection.select(with_it, ",".join(names))
    labels = {strategy.label: strategy for strategy in strategies.values()}
    return plan.make(with_it, labels, PROFILE, Overrides(), seed, workers)


def _nothing(config: Config) -> Matrix:
    return Matrix.model_validate(NOTHING | {"strategies": [config.reference]})


def _told(rule: Rule, points: list[Point] | None = None) -> dict[str, Any]:
    """A rule as run.json has it: axes by their names, its cells' points in full."""
    told = rule.model_dump(include={"figure", "who", "by", "case", "at_least", "at_most", "margin"})
    axis = BY_KEY[next(iter(rule.growth), rule.along)].name if rule.growth or rule.along else ""
    kind = "count" if rule.figure in COUNTS else "growth" if rule.growth else "along" if rule.along else "level"
    return told | {"kind": "probe" if rule.probe else kind, "axis": axis, "points": points or []}


def _points(rule: Rule, claim: Claim, groups: Iterable[Group], path: str, place: int) -> list[Point]:
    """Where the rule's figures are: one point, two of a growth, as many as an axis has. Raises ConfigError."""
    if rule.probe:
        return []
    where = f"{path}: claims.{claim.name}.rules.{place}"
    wanted = {BY_KEY[key].name: value for key, value in rule.at.items()}
    at = [(point, group) for group in groups for point in group.points() if _matches(point, wanted)]
    if not at:
        asked = ", ".join(f"{key} = {value!r}" for key, value in rule.at.items())
        raise ConfigError(f"{where}.at: the matrix has nothing at {asked}; add it there, or correct it")
    names = {name for name in (rule.who, rule.by) if name}
    known = [
        axes.recorded(point) | {axes.ALONG: group.along} for point, group in at if group.only and names <= group.only
    ]
    if not known:
        raise ConfigError(
            f"{where}: no entry at that place has {' and '.join(sorted(names))}; add them to its strategies"
        )
    varied = next(iter(rule.growth), rule.along)
    free = [
        axis for axis in AXES.values() if axis.key != varied and len({repr(point[axis.name]) for point in known}) > 1
    ]
    if free:
        values = ", ".join(dict.fromkeys(str(point[free[0].name] or 0) for point in known))
        raise ConfigError(
            f"{where}: the matrix has several {free[0].key} ({values}); add at = {{ {free[0].key} = ... }}"
        )
    if not varied:
        return known[:1]
    name = BY_KEY[varied].name
    if rule.along:
        if len(known) < 2:
            raise ConfigError(f"{where}.along: the matrix has one value of {varied}; give it two and more")
        return sorted(known, key=lambda point: AXES[name].number(point[name] or 0))
    found = [next((p for p in known if _matches(p, {name: value})), None) for value in rule.growth[varied]]
    for value, point in zip(rule.growth[varied], found, strict=True):
        if point is None:
            raise ConfigError(f"{where}.growth: the matrix has no {varied} = {value!r}; add it there, or correct it")
    return [point for point in found if point is not None]


def _matches(point: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a point has these values; of CPUs that many."""
    return all(
        AXES[name].number(point[name]) == value if AXES[name].kind == "cpus" else (point[name] or 0) == (value or 0)
        for name, value in wanted.items()
    )
