"""The same strategies in several forms, to be compared: the variants of a bench file.

A form is a strategy with a `variant`; its label, NAME@VARIANT, tells it from all others of a run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.config import Config, ConfigError, Strategy, Variant, nearest
from harness.notes import Note
from harness.variants import venv as environment


@dataclass(frozen=True)
class Forms:
    """What a run compares."""

    strategies: dict[str, Strategy]  # by label
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)  # of each variant, the base first
    absent: dict[str, str] = field(default_factory=dict)  # labels that there is nothing to start of, and why
    notes: list[Note] = field(default_factory=list)  # what has to be said about them


def plain(strategies: dict[str, Strategy]) -> Forms:
    """Each strategy as it is."""
    return Forms({strategy.label: strategy for strategy in strategies.values()})


def of_bench_file(config: Config, strategies: dict[str, Strategy], names: Sequence[str], kept: Path) -> Forms:
    """Each strategy in each of these variants; their environments are built in `kept`, once.

    Raises ConfigError for an unknown variant, an interpreter that isn't there, requirements that can't be installed.
    """
    for name in names:
        if name not in config.variants:
            there = f"there are {', '.join(config.variants)}" if config.variants else "add a table [variants.NAME]"
            raise ConfigError(f"--variants {name}: no such variant{nearest(name, config.variants)}; {there}")
        if names.count(name) > 1:
            raise ConfigError(f"--variants {name}: is named twice; for the same thing twice add an empty table")
    told = {name: _facts(config, name, config.variants[name], kept) for name in names}
    forms = [
        strategy.model_copy(
            update={"variant": name, "python": told[name]["executable"], "env": config.variants[name].env}
        )
        for strategy in strategies.values()
        for name in names
    ]
    return Forms({form.label: form for form in forms}, {name: told[name] | {"env": config.variants[name].env}
                                                        for name in names})  # fmt: skip


def _facts(config: Config, name: str, variant: Variant, kept: Path) -> dict[str, Any]:
    """What the interpreter that a variant's servers run on says of itself."""
    origin = config.origin(f"variants.{name}")
    try:
        python = environment.interpreter(variant.python)
        libraries = environment.as_here(config.servers.libraries) if variant.libraries else []
        if variant.requirements or libraries:
            python = environment.built(python, variant.requirements, kept, libraries)
        return environment.facts(python)
    except environment.NotBuilt as problem:
        raise ConfigError(f"{origin}: variants.{name}.{problem.key}: {problem}") from None
