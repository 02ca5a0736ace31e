"""Strategies of servers that run already: where they are, who may be asked, and who takes none."""

from collections.abc import Mapping

from harness import notes
from harness.config import Config, ConfigError, Strategy
from harness.config.attach import looked_up
from harness.notes import Note


def found(config: Config, strategies: Mapping[str, Strategy], allow_remote: bool) -> dict[str, Strategy]:
    """The same, those that are attached with the address that their names lead to now: it is kept for the whole run.

    Raises ConfigError where there is none, or where it is another machine's and nobody allowed that.
    """
    return {name: _found(config, one, allow_remote) if one.attach else one for name, one in strategies.items()}


def refuse(config: Config, strategies: Mapping[str, Strategy], who: str) -> None:
    """Raises ConfigError where one is attached; `who` needs servers that are started here."""
    for strategy in strategies.values():
        if strategy.attach:
            raise ConfigError(f"{key(config, strategy)}: {who} takes no server that is attached, as it starts fresh "
                              "ones itself; leave it out, or give it a command")  # fmt: skip


def told(strategies: Mapping[str, Strategy]) -> list[Note]:
    """What a reader must know of those that are attached, by their labels; nothing where none is."""
    addresses = {label: strategy.address for label, strategy in strategies.items() if strategy.attach}
    return [notes.attached(addresses)] if addresses else []


def reach_out(strategies: Mapping[str, Strategy]) -> bool:
    """Whether some of them aren't on this machine."""
    return any(strategy.is_elsewhere for strategy in strategies.values())


def key(config: Config, strategy: Strategy) -> str:
    """Where a strategy's address stands: file and key."""
    return f"{config.origin(f'strategies.{strategy.name}')}: strategies.{strategy.name}.attach"


def _found(config: Config, strategy: Strategy, allow_remote: bool) -> Strategy:
    try:
        address = looked_up(strategy.attach)
    except ValueError as fault:
        raise ConfigError(f"{key(config, strategy)} (is {strategy.attach!r}): {fault}") from None
    found = strategy.model_copy(update={"address": address})
    if found.is_elsewhere and not allow_remote:
        raise ConfigError(f"{key(config, strategy)}: {_named(found)} isn't this machine; load on others is refused "
                          "without --allow-remote, and is to go to none but your own")  # fmt: skip
    return found


def _named(strategy: Strategy) -> str:
    return strategy.attach if strategy.attach == strategy.address else f"{strategy.attach} ({strategy.address})"
