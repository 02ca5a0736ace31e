"""bench.toml, read and checked: what is measured, how, and against whom.

Whatever is wrong with it becomes one `ConfigError` line that names the file, the key and the remedy.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.config import names
from harness.config.faults import fault_of
from harness.config.matrix import Matrix
from harness.config.selection import WORDS, meant
from harness.config.strategy import Strategy
from harness.config.table import ConfigError, nearest, there_are
from harness.config.tables import (
    SERVICES,
    Config,
    Family,
    Gate,
    Knee,
    Loadgen,
    OpenLoop,
    Profile,
    Servers,
    Thresholds,
    Variant,
    Window,
    WindowLength,
)

NAMED = ("strategies", "families", "variants", "profiles")  # tables whose keys are names that users choose
NOT_IN_THE_FILE = ("name", "cwd", "variant", "python", "env", "address")  # of a strategy


def read(path: Path, on_top: Path | None = None) -> Config:
    """The configuration of `path`, with the tables of `on_top`, if given, laid over it key by key."""
    tables = _read(path)
    origins = dict.fromkeys(_keys(tables), path)
    if on_top is not None:
        above = _read(on_top)
        tables = _overlay(tables, above)
        origins |= dict.fromkeys(_keys(above), on_top)
    try:
        config = Config.model_validate(tables | {"origins": origins})
    except ValidationError as error:
        raise ConfigError(_one_line(origins, path, error)) from None
    _must_be_one(config, config.reference, "reference", "reference")
    for name, strategy in config.strategies.items():
        if strategy.family not in config.families:
            raise ConfigError(
                f"{config.origin(f'strategies.{name}')}: strategies.{name}.family: no family {strategy.family!r}"
                f"{nearest(strategy.family, config.families)}; there are {', '.join(config.families)}; to add it, "
                f'write [families.{strategy.family}] and waits = "how it waits"'
            )
    for name, profile in config.profiles.items():
        if profile.reference:
            _must_be_one(config, profile.reference, f"profiles.{name}", f"profiles.{name}.reference")
        words = {"strategies": profile.strategies}
        words |= {f"matrix.{place}.strategies": entry.strategies for place, entry in enumerate(profile.matrix)}
        for key, named in words.items():
            if fault := fault_of_names(named, config):
                raise ConfigError(f"{config.origin(f'profiles.{name}')}: profiles.{name}.{key}: {fault}")
    return config


def fault_of_names(named: Iterable[str], config: Config) -> str:
    """What is wrong with words for strategies; empty if each means one at least."""
    known = [*config.strategies, *WORDS]
    for word in named:
        if not meant(word, config.strategies):
            return f"no strategy {word!r}{nearest(word, known)}; {there_are(word, known)}"
    return ""


def _must_be_one(config: Config, name: str, table: str, key: str) -> None:
    """Raises ConfigError where no strategy has the name that stands at this key of a table."""
    if name not in config.strategies:
        raise ConfigError(
            f"{config.origin(table)}: {key}: no strategy {name!r}{nearest(name, config.strategies)}; name one of "
            "[strategies]"
        )


def strategies_of(path: Path) -> dict[str, Strategy]:
    """The strategies of a bench file alone: one of another revision may say other things than this version reads."""
    tables = _read(path)
    try:
        return TypeAdapter(dict[str, Strategy]).validate_python(tables.get("strategies", {}))
    except ValidationError as error:
        raise ConfigError(_one_line({}, path, error)) from None


def parsed(path: Path, option: str = "--bench") -> dict[str, Any]:
    """The tables of a TOML file that an option named. Raises ConfigError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name another with {option} FILE") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        raise ConfigError(f"{path}: not UTF-8: byte {byte:#04x} in line {line}; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}; mend that line") from None
    except ValueError:
        raise ConfigError(f"{path}: has a number of thousands of digits; write a smaller one") from None
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deeply to be read; write it flatter") from None


def _read(path: Path) -> dict[str, Any]:
    tables = parsed(path)
    if "origins" in tables:
        raise ConfigError(f"{path}: origins: unknown key; remove it")
    strategies = tables.get("strategies", {})
    if not isinstance(strategies, dict):
        raise ConfigError(f'{path}: strategies: must be a table; write [strategies] and name = "command" lines')
    for table in NAMED:
        if isinstance(tables.get(table), dict) and (fault := names.first_fault(table, tables[table])):
            raise ConfigError(f"{path}: {fault}")
    for name, entry in strategies.items():
        if isinstance(entry, str):
            entry = strategies[name] = {"command": entry}
        if isinstance(entry, dict):
            for own in NOT_IN_THE_FILE:
                if own in entry:
                    raise ConfigError(f"{path}: strategies.{name}.{own}: unknown key; remove it")
            entry |= {"name": name, "cwd": path.resolve().parent}
    return tables


def _overlay(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Tables merge key by key, but a strategy or a profile is replaced whole."""
    merged = dict(below)
    for key, value in above.items():
        both_tables = isinstance(value, dict) and isinstance(below.get(key), dict)
        merged[key] = below[key] | value if both_tables else value
    return merged


def _keys(tables: dict[str, Any]) -> list[str]:
    """The keys of a file, two levels deep: that is how files are laid over each other."""
    inner = [f"{key}.{name}" for key, value in tables.items() if isinstance(value, dict) for name in value]
    return [*tables, *inner]


def _one_line(origins: dict[str, Path], path: Path, error: ValidationError) -> str:
    first = first_of(error)
    top = str(first["loc"][0])
    file = origins.get(".".join(map(str, first["loc"][:2])), origins.get(top, path))
    whole = "; a profile stands for the whole of it" if top == "profiles" and len(first["loc"]) == 3 else ""
    return f"{file}: {in_a_line(first, _all_keys(), whole)}"


def first_of(error: ValidationError) -> Any:
    """The fault that is named, of several."""
    # A key that is misspelt is unknown, and then missing too: the one that can be seen in the file is named.
    # Of what may be a word or a list, a list that is given is meant as one.
    faults = [one for one in error.errors() if not (isinstance(one["input"], list) and one["type"] == "literal_error")]
    return min(faults or error.errors(), key=lambda one: one["type"] != "extra_forbidden")


def in_a_line(first: Any, keys: set[str], of_missing: str = "") -> str:
    """A fault without its file: the key, what is wrong, and the nearest of the `keys` that there are."""
    where = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("literal[", "list[", "[key]")))
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])
        return f"{where}: unknown key{nearest(key, keys - {key})}; correct or remove it"
    if first["type"] == "missing":
        return f"{where}: is missing; add it{of_missing}"
    given = first["input"]
    shown = f" (is {given!r})" if isinstance(given, str | int | float) else ""
    advice = nearest(given, SERVICES) if isinstance(given, str) and "service" in where else ""
    return f"{where}{shown}: {fault_of(first)}{advice}"


def _all_keys() -> set[str]:
    models = (Config, Strategy, Family, Variant, Servers, Loadgen, WindowLength, Window, OpenLoop, Knee, Thresholds,
              Gate, Matrix, Profile)  # fmt: skip
    return {key for model in models for key in model.model_fields} - {"name", "cwd", "variant", "address", "origins"}
