"""Files of claims: sentences that somebody says of servers, each with the rule that decides it (docs/claims.md).

What is wrong with such a file becomes one `ConfigError` line that names the file, the claim, the key and the remedy.
"""

import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Protocol

from pydantic import Field, TypeAdapter, ValidationError, field_validator, model_validator

from axes import AXES, BY_KEY
from harness.config import names
from harness.config.matrix import Matrix, value_type
from harness.config.reading import fault_of_names, first_of, in_a_line, parsed
from harness.config.strategy import Strategy
from harness.config.table import ConfigError, Table, nearest, there_are
from harness.config.tables import Config

ROOT = Path(__file__).resolve().parent.parent.parent
SHIPPED = ROOT / "analysis" / "claims"  # files that --claims takes by their names
MARGIN = 0.02  # memory layout alone makes such differences
_CSV = tomllib.loads((ROOT / "schema.toml").read_text(encoding="utf-8"))["csv"]
_KINDS = {name: field["kind"] for table in _CSV.values() for name, field in table.items()}
FIGURES = [
    name for name, kind in _KINDS.items() if kind in ("figure", "count") and not name.endswith(("_low", "_high"))
]
COUNTS = [name for name in FIGURES if _KINDS[name] == "count"]  # they have no noise


class Probe(Protocol):
    """What is known of a probe (harness/probes)."""

    @property
    def cases(self) -> tuple[str, ...]:
        """What it tries."""

    @property
    def figures(self) -> tuple[str, ...]:
        """What it finds; empty: it can't be said beforehand."""

    @property
    def asks(self) -> bool:
        """Whether it asks strategies, one by one."""


Text = Annotated[str, Field(min_length=1)]


class Rule(Table):
    """When a claim is true: a figure of one, or by that of another, at least or at most so much."""

    figure: str  # a column of cells.csv, or PROBE.FIGURE
    who: str = ""  # a strategy; empty of a probe that asks none
    by: str = ""  # the strategy whose figure it is divided by
    at: dict[str, Any] = {}  # the value on each axis, by its key, that the matrix has several values of
    growth: dict[str, list[Any]] = {}  # an axis, and two of its values: the figure at the second by that at the first
    along: str = ""  # the key of an axis: at its last value, and from which value on
    case: str = ""  # of a probe
    at_least: float | None = None
    at_most: float | None = None
    margin: Annotated[float, Field(ge=0, le=1)] = (
        MARGIN  # what lies no further beyond the threshold isn't called either
    )

    @field_validator("at_least", "at_most", "margin", mode="before")
    @classmethod
    def _a_number(cls, given: Any) -> Any:
        if isinstance(given, str):
            raise ValueError("is a text; write a number without a unit, in that of the figure's column")
        return given

    @field_validator("at")
    @classmethod
    def _values(cls, at: dict[str, Any]) -> dict[str, Any]:
        return {key: _value(key, value) for key, value in at.items()}

    @field_validator("growth")
    @classmethod
    def _two_values(cls, growth: dict[str, list[Any]]) -> dict[str, list[Any]]:
        if len(growth) > 1 or any(len(values) != 2 for values in growth.values()):
            raise ValueError("is along one axis, from one value to another; write { clients = [10, 500] }")
        return {key: [_value(key, value) for value in values] for key, values in growth.items()}

    @field_validator("along")
    @classmethod
    def _an_axis_of_numbers(cls, along: str) -> str:
        if along:
            _axis(along)
        if along and BY_KEY[along].kind not in ("count", "bytes", "time"):
            raise ValueError(f"{along} has no values between others; name an axis of numbers")
        return along

    @model_validator(mode="after")
    def _makes_sense(self) -> "Rule":
        if fault := self._fault():
            raise ValueError(fault)
        return self

    @property
    def threshold(self) -> float:
        return float(self.at_least if self.at_least is not None else self.at_most or 0)

    @property
    def probe(self) -> str:
        """The probe whose figure it is; empty of a figure of cells."""
        return self.figure.partition(".")[0] if "." in self.figure else ""

    def _fault(self) -> str:
        if (self.at_least is None) == (self.at_most is None):
            return "has no threshold, or two; give at_least or at_most"
        if self.growth and self.along:
            return "growth and along are two questions; write a rule for each"
        if self.probe:
            return "a probe has no axes; leave at, growth and along out" if self.at or self.growth or self.along else ""
        if self.figure not in FIGURES:
            close = nearest(self.figure, FIGURES)
            return f"no figure {self.figure!r}{close}; take a column of cells.csv (results/README.md)"
        if self.case:
            return "a case is a probe's; leave it out, or take a figure such as restart.seconds"
        if not self.who:
            return "names nobody; add who = a strategy"
        if self.who == self.by:
            return (
                f"who and by are both {self.who}, so that it is always 1; name another, or take growth for two values"
            )
        if self.figure in COUNTS:
            return f"{self.figure} is counted; leave by, growth and along out" if self._compares else ""
        if self.along and not self.by:
            return "along compares two strategies; add by = the other"
        return "" if self.threshold > 0 else "a threshold of zero is no ratio; write more than 0"

    @property
    def _compares(self) -> bool:
        return bool(self.by or self.growth or self.along)


class Claim(Table):
    """A sentence, whose it is, what it is tried on, and when it is true."""

    name: str
    text: Text
    source: str = ""
    means: str = ""  # in two sentences
    changes: str = ""  # what would change it: another interpreter, more CPUs
    matrix: list[Matrix] = []  # as a profile's; an entry that names no strategies has those of the rules
    rules: list[Rule] = []  # it holds if all do, it is refuted if one is
    not_testable: str = ""  # why no machine of this kind can tell

    @field_validator("name")
    @classmethod
    def _named(cls, name: str) -> str:
        if fault := names.fault("claims", name):
            raise ValueError(fault)
        return name

    @model_validator(mode="after")
    def _has_a_rule(self) -> "Claim":
        if not self.rules and not self.not_testable:
            raise ValueError(
                "has no rule; add rules = [{ figure, who, by, at_least }], or not_testable = why there is none"
            )
        if any(not rule.probe for rule in self.rules) and not self.matrix:
            raise ValueError('has nothing to be tried on; add matrix = [{ service = ["echo"], clients = [100] }]')
        return self

    @property
    def entries(self) -> list[Matrix]:
        """Its matrix, each entry with the strategies that take part."""
        own = list(dict.fromkeys(name for rule in self.rules if not rule.probe for name in (rule.who, rule.by) if name))
        return [entry if entry.strategies else entry.model_copy(update={"strategies": own}) for entry in self.matrix]


class File(Table):
    """All of a file."""

    title: str = ""
    claims: Annotated[list[Claim], Field(min_length=1)]


def read(asked: str, config: Config, probes: Mapping[str, Probe]) -> tuple[File, str]:
    """The file of that path, or the one of that name that comes with the project, and its path. Raises ConfigError."""
    path = Path(asked)
    if asked in shipped():
        path = SHIPPED.relative_to(ROOT) / f"{asked}.toml"
    elif not path.exists():
        there_are = f"there are {', '.join(shipped())}, or name a file"
        raise ConfigError(f"--claims {asked}: no such file{nearest(asked, shipped())}; {there_are}")
    tables = parsed(ROOT / path if asked in shipped() else path, "--claims")
    try:
        file = File.model_validate(tables)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_in_a_line(error, tables)}") from None
    told = [claim.name for claim in file.claims]
    for claim in file.claims:
        if told.count(claim.name) > 1:
            raise ConfigError(f"{path}: claims.{claim.name}: is there twice; give one of them another name")
        if fault := _fault_of_names(claim, config, probes):
            raise ConfigError(f"{path}: claims.{claim.name}.{fault}")
    return file, str(path)


def only(file: File, names: Collection[str], path: str) -> File:
    """The same with the claims of these names alone; without names all. Raises ConfigError."""
    known = [claim.name for claim in file.claims]
    for name in names:
        if name not in known:
            raise ConfigError(f"--only {name}: {path} has no claim {_unknown(name, known)}")
    return file.model_copy(update={"claims": [one for one in file.claims if not names or one.name in names]})


def shipped() -> list[str]:
    """The names of the files that come with the project."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def _fault_of_names(claim: Claim, config: Config, probes: Mapping[str, Probe]) -> str:
    """A strategy or a probe that doesn't exist; empty if all do."""
    for place, entry in enumerate(claim.matrix):
        if fault := fault_of_names(entry.strategies, config):
            return f"matrix.{place}.strategies: {fault}"
    for place, rule in enumerate(claim.rules):
        for key in ("who", "by"):
            name = getattr(rule, key)
            if name and name not in config.strategies:
                return f"rules.{place}.{key}: no strategy {_unknown(name, config.strategies)}"
            if name and not rule.probe and (fault := _fault_of_service(config.strategies[name], claim)):
                return f"rules.{place}.{key}: {fault}"
        if rule.probe and (fault := _fault_of_probe(rule, probes)):
            return f"rules.{place}.{fault}"
    return ""


def _fault_of_service(strategy: Strategy, claim: Claim) -> str:
    """That the matrix has no service which a strategy offers; empty if it has one."""
    asked = {service for entry in claim.matrix for service in entry.values(AXES["service"])}
    offered = ", ".join(strategy.services)
    if asked & set(strategy.services):
        return ""
    return f"{strategy.name} offers {offered}, and the matrix has {', '.join(sorted(asked))}; name one that offers it"


def _fault_of_probe(rule: Rule, probes: Mapping[str, Probe]) -> str:
    """What is wrong with a rule about a probe's figure; empty if nothing is."""
    if rule.probe not in probes:
        return f"figure: no probe {_unknown(rule.probe, probes)}"
    probe, figure = probes[rule.probe], rule.figure.partition(".")[2]
    if probe.figures and figure not in probe.figures:
        return f"figure: {rule.probe} has no figure {_unknown(figure, probe.figures)}"
    if rule.case not in probe.cases:
        return f"case: {rule.probe} has no case {_unknown(rule.case, probe.cases)}"
    if probe.asks != bool(rule.who):
        return f"who: {rule.probe} is asked of {'a strategy; name it' if probe.asks else 'nobody; leave who out'}"
    return ""


def _unknown(name: str, known: Iterable[str]) -> str:
    """A name that nobody has, and those that there are."""
    known = list(known)
    return f"{name!r}{nearest(name, known)}; {there_are(name, known)}"


def _axis(key: str) -> None:
    if key not in BY_KEY:
        raise ValueError(f"no axis {_unknown(key, BY_KEY)}")


def _value(key: str, value: Any) -> Any:
    """A value of an axis as an entry of a matrix has it."""
    _axis(key)
    try:
        found = TypeAdapter(value_type(BY_KEY[key])).validate_python(value)
    except ValidationError as error:
        raise ValueError(f"{key} = {value!r}: {in_a_line(error.errors()[0], set()).partition(': ')[2]}") from None
    return int(found) if BY_KEY[key].kind == "bytes" else found


def _in_a_line(error: ValidationError, tables: Mapping[str, Any]) -> str:
    """The fault, with the claim's name in place of its number."""
    first = dict(first_of(error))
    where = list(first["loc"])
    claims = tables.get("claims")
    if len(where) > 1 and where[0] == "claims" and isinstance(claims, list):
        claim = claims[where[1]] if isinstance(where[1], int) and where[1] < len(claims) else {}
        where[1] = claim.get("name", where[1]) if isinstance(claim, dict) else where[1]
    keys = {key for model in (File, Claim, Rule, Matrix) for key in model.model_fields}
    return in_a_line(first | {"loc": tuple(where)}, keys)
