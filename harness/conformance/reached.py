"""Before a run begins: whether servers that are attached answer, and whether they serve what their lines say.

What is wrong then is a line of the bench file, and nothing has been started; what goes wrong later is a row.
"""

from collections.abc import Collection, Mapping

from harness.config import Config, ConfigError, Strategy
from harness.conformance import cases
from harness.conformance.client import Nonconformance, Target
from harness.plan.attached import key
from harness.processes.attached import Attached
from harness.processes.server import ServerFailed


def must_answer(
    config: Config, strategies: Mapping[str, Strategy], services: Collection[str], unchecked: bool = False
) -> None:
    """Raises ConfigError where one doesn't, or says something else than the simplest case of a service expects.

    What is to be measured `unchecked` need only answer.
    """
    for strategy in strategies.values():
        if not strategy.attach:
            continue
        server = Attached(strategy.label, strategy)
        try:
            server.raise_if_gone()
        except ServerFailed as failure:
            raise ConfigError(f"{key(config, strategy)}: {failure}") from None
        except OSError as error:
            raise _untried(config, strategy, error) from None
        target = Target(server.endpoint, strategy.serves, strategy.carries)
        for service in [] if unchecked else [one for one in services if one in strategy.services]:
            try:
                cases.of_service(service, server.endpoint)[0].run(target)
            except Nonconformance as seen:
                raise ConfigError(
                    f"{key(config, strategy)}: what answers at {server.endpoint} doesn't serve {service}: {seen}; "
                    'attach one that does, or name what it serves with services = ["..."]'
                ) from None
            except OSError as error:
                raise _untried(config, strategy, error) from None


def _untried(config: Config, strategy: Strategy, error: OSError) -> ConfigError:
    """Our own side can't ask it."""
    why = (error.strerror or str(error)).lower()
    return ConfigError(f"{key(config, strategy)}: can't be asked from here: {why}; free what there is too little of")
