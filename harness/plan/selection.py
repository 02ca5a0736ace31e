"""Which strategies are meant by the words of --strategies or of a profile, and whether those can take part."""

import shlex
from collections.abc import Collection, Mapping, Sequence

from axes import AXES
from harness.config import WORDS, Config, ConfigError, Strategy, command_now, meant, nearest
from harness.config.table import there_are
from harness.config.tables import Profile


def select(config: Config, wanted: str) -> dict[str, Strategy]:
    """`all`, `chapter`, names and globs, separated by commas; in the order of bench.toml."""
    chosen: set[str] = set()
    for word in filter(None, (part.strip() for part in wanted.split(","))):
        found = meant(word, config.strategies)
        if not found:
            known = [*config.strategies, *WORDS]
            raise ConfigError(
                f"--strategies {word}: no such strategy{nearest(word, known)}; {there_are(word, known)}; "
                "--strategies all --list names all"
            )
        chosen.update(found)
    if not chosen:
        raise ConfigError("--strategies: names none; write all, chapter, names or globs")
    for name in chosen:
        if fault := _fault(config.strategies[name]):
            raise ConfigError(f"{config.origin(f'strategies.{name}')}: strategies.{name}.command: {fault}")
    return {name: strategy for name, strategy in config.strategies.items() if name in chosen}


def named(wanted: str | None) -> list[str]:
    """The words themselves: a strategy that is one of them is asked for by its name."""
    return [part.strip() for part in (wanted or "").split(",")]


def serving(
    strategies: Mapping[str, Strategy],
    services: Collection[str],
    by_name: Collection[str] = (),
    profiles: Mapping[str, Profile] | None = None,
) -> dict[str, Strategy]:
    """Those that offer one of these services. Raises ConfigError where none does, or one that was asked for by name."""
    found = {label: strategy for label, strategy in strategies.items() if set(services) & set(strategy.services)}
    for label in strategies.keys() - found.keys():
        strategy = strategies[label]
        if strategy.name in by_name:
            raise ConfigError(
                f"--strategies {strategy.name}: it offers {', '.join(strategy.services)}, not "
                f"{' or '.join(services)}; leave it out, or {_for_them(strategy.services, profiles or {})}"
            )
    if not found:
        offered = list(dict.fromkeys(service for strategy in strategies.values() for service in strategy.services))
        raise ConfigError(
            f"none of these strategies offers {' or '.join(services)}, they offer {', '.join(offered)}; "
            f"widen --strategies, or {_for_them(offered, profiles or {})}"
        )
    return found


def _for_them(services: Sequence[str], profiles: Mapping[str, Profile]) -> str:
    """How to choose these services."""
    named = [name for name, profile in profiles.items()
             if any(set(entry.values(AXES["service"])) & set(services) for entry in profile.matrix)]  # fmt: skip
    return f"choose --service {services[0]}" + f", or --profile {named[0]}" * bool(named)


def _fault(strategy: Strategy) -> str:
    """What keeps a strategy's command from being started; empty if nothing is known to, or it has none."""
    if strategy.attach:
        return ""
    if now := command_now(strategy):
        return f'the servers are modules by family now; write "{now}"'
    if strategy.program is None:
        return f"there is no program {shlex.split(strategy.command)[0]!r}; install it or correct the command"
    return ""
