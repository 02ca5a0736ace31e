"""On which CPUs servers run: where a matrix varies how many, the last ones, and the load generator's come last."""

from collections.abc import Collection, Iterable

from axes import AXES
from harness import machine
from harness.config import Config, ConfigError
from harness.plan.group import Entry


def of_count(config: Config, count: int, source: str) -> str:
    """So many CPUs, as the axis has them. Raises ConfigError where there are fewer; `source` has the number."""
    try:
        return " ".join(map(str, machine.cpus_for_servers(config, count)))
    except ValueError as error:
        raise ConfigError(f"{source}: {error}; take no more") from None


def each(entries: Iterable[Entry]) -> list[list[int]]:
    """The CPUs that some servers run on, of each number of them that there is; of those that are attached none."""
    return list({len(entry.cpus): entry.cpus for entry in entries if entry.is_own}.values())


def shared(entries: Iterable[Entry], loader_cpus: Collection[int]) -> str | None:
    """Which servers run on CPUs of the load generator: on 2 CPUs; empty for all of them, None for none."""
    places = each(entries)
    sharing = [cpus for cpus in places if not set(cpus).isdisjoint(loader_cpus)]
    if places and len(sharing) == len(places):
        return ""
    return AXES["server_cpus"].several([" ".join(map(str, cpus)) for cpus in sharing]) if sharing else None
