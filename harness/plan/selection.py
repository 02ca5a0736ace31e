"""Which strategies are meant by the words of --strategies or of a profile, and whether those can take part."""

import shlex
from collections.abc import Collection, Mapping

from harness.config import WORDS, Config, ConfigError, Strategy, command_now, meant, nearest


def select(config: Config, wanted: str) -> dict[str, Strategy]:
    """`all`, `chapter`, names and globs, separated by commas; in the order of bench.toml."""
    chosen: set[str] = set()
    for word in filter(None, (part.strip() for part in wanted.split(","))):
        found = meant(word, config.strategies)
        if not found:
            known = [*config.strategies, *WORDS]
            raise ConfigError(
                f"--strategies {word}: no such strategy{nearest(word, known)}; there are {', '.join(known)}"
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
    strategies: Mapping[str, Strategy], services: Collection[str], by_name: Collection[str] = ()
) -> dict[str, Strategy]:
    """Those that offer one of these services. Raises ConfigError where none does, or one that was asked for by name."""
    found = {label: strategy for label, strategy in strategies.items() if set(services) & set(strategy.services)}
    for label in strategies.keys() - found.keys():
        strategy = strategies[label]
        if strategy.name in by_name:
            raise ConfigError(
                f"--strategies {strategy.name}: it offers {', '.join(strategy.services)}, not "
                f"{' or '.join(services)}; leave it out, or choose --service or --profile for it"
            )
    if not found:
        raise ConfigError("none of these strategies offers any of these services; widen --strategies or --service")
    return found


def _fault(strategy: Strategy) -> str:
    """What keeps a strategy's command from being started; empty if nothing is known to, or it has none."""
    if strategy.attach:
        return ""
    if now := command_now(strategy):
        return f'the servers are modules by family now; write "{now}"'
    if strategy.program is None:
        return f"there is no program {shlex.split(strategy.command)[0]!r}; install it or correct the command"
    return ""
