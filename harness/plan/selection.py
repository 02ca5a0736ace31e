"""Which strategies are meant by the words of --strategies or of a profile, and whether those can be started."""

import shlex

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


def _fault(strategy: Strategy) -> str:
    """What keeps a strategy's command from being started; empty if nothing is known to."""
    if now := command_now(strategy):
        return f'the servers are modules by family now; write "{now}"'
    if strategy.program is None:
        return f"there is no program {shlex.split(strategy.command)[0]!r}; install it or correct the command"
    return ""
