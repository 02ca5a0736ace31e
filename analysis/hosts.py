"""Hosts that load came from: what a run's record says of its load generator's workers elsewhere, and their names."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from analysis import units
from analysis.records.reading import Results

HERE = "this machine"
Run = Mapping[str, Any]
Trip = Mapping[str, Any]
Worker = Mapping[str, Any]


def between(run: Run) -> str:
    """Between which hosts latencies are, and what a small exchange took there; empty where all is on one machine."""
    return _by_side(run, _between)


def _between(run: Run) -> str:
    pairs: dict[tuple[str, str], list[Trip]] = {}
    for trip in round_trips(run):
        pairs.setdefault((place_of(trip, run), trip["server_host"]), []).append(trip)
    found = [f"{loader} and {server} ({_least(trips)})" for (loader, server), trips in pairs.items()]
    return f"latencies are between {', '.join(found)}" if found else ""


def _least(trips: Iterable[Trip]) -> str:
    """Of all servers there the quickest: what is left is the way."""
    quickest = min(trips, key=lambda trip: float(trip["median_s"]))
    least, median = (units.duration(quickest[name] * 1e6) for name in ("least_s", "median_s"))
    return f"a small exchange took {median}, at least {least}"


def way(run: Run) -> str:
    """How requests came to the servers, after a verb."""
    return _by_side(run, _way)


def _way(run: Run) -> str:
    strategies = (run.get("strategies") or {}).values()
    servers = sorted({one["address"].rpartition(":")[0] for one in strategies if one.get("elsewhere")})
    if _are_elsewhere(run):
        return f"over the network, from {listed(_unique(_place(worker) for worker in loaders(run)))}"
    if not servers:
        return "over loopback"
    some_here = not all(one.get("elsewhere") for one in strategies)
    return "over loopback, and " * some_here + f"over the network to {', '.join(servers)}"


def workers(run: Run) -> str:
    """Who made the load, with their hosts, where some were elsewhere; else nothing."""
    return _by_side(run, _told_workers)


def _told_workers(run: Run) -> str:
    if not _are_elsewhere(run):
        return ""
    found = [
        f"{_name(worker)}: {worker['share']:.0%} of the clients, {worker['cpu']}, {worker['cpus']} CPUs, kernel "
        f"{worker['kernel']}, Python {worker['python']}, hot loop {worker['loop']}"
        + (f", its clock known within {units.duration(worker['clock_uncertainty_s'] * 1e6)}" * worker["elsewhere"])
        for worker in loaders(run)
    ]
    return f"{'; '.join(found)}. Shares are those that were planned for all of them, to whole clients"


def origin(run: Run) -> str:
    """Where the load came from, with shares where that is several; to tell two runs apart."""
    if not _are_elsewhere(run):
        return f"load from {HERE}"
    shares: dict[str, float] = {}
    for worker in loaders(run):
        shares[_place(worker)] = shares.get(_place(worker), 0.0) + worker["share"]
    alone = len(shares) == 1
    told = listed([place + f" ({share:.0%})" * (not alone) for place, share in shares.items()])
    number = len(loaders(run))
    return f"load from {told}, {number} worker{'s' * (number > 1)}"


def notes(results: Results) -> list[str]:
    """What a reader must know of who made the load, a sentence each without its full stop."""
    run = results.run
    slow = [worker for worker in loaders(run) if worker["loop"] == "python"] if _are_elsewhere(run) else []
    told = [f"the hot loop of {listed([_name(worker) for worker in slow])} is Python's, which is slower than the "
            "compiled one"] if slow else []  # fmt: skip
    return [*told, *moved(results)]


def moved(results: Results) -> Iterator[str]:
    """From which block on the load came from fewer workers, as others were lost."""
    windows = results.windows
    if windows.empty or _sides(results.run):  # of two runs each says it itself
        return
    in_order = windows.sort_values("started_ns", kind="stable")
    before: Sequence[str] = in_order["loaders"].iloc[0]
    begun = in_order["block"].iloc[0]  # by those before
    number = max(int(results.run.get("blocks") or 0), int(windows["block"].max()) + 1)
    for block, names in zip(in_order["block"], in_order["loaders"], strict=True):
        if names != before and set(names) < set(before):
            within = "the middle of " * (block == begun)
            yield (f"from {within}block {block + 1} of {number} on all clients were at "
                   f"{listed(named(names, results.run))}, as the other workers were lost")  # fmt: skip
            before = names
        begun = block


def loaders(run: Run) -> Sequence[Worker]:
    return run.get("loader_workers") or []


def _are_elsewhere(run: Run) -> bool:
    return any(worker["elsewhere"] for worker in loaders(run))


def round_trips(run: Run) -> list[Trip]:
    return [trip for trip in run.get("round_trips") or [] if trip["median_s"] is not None]


def _place(worker: Worker) -> str:
    """Its host: names of hosts are what they say, and two may say the same."""
    return f"{worker['host']} ({worker['address']})" if worker["elsewhere"] else HERE


def _name(worker: Worker) -> str:
    """It itself, among others of its host."""
    return f"{worker['name']} ({worker['address'] if worker['elsewhere'] else HERE})"


def named(names: Collection[str], run: Run) -> list[str]:
    known = {worker["name"]: _name(worker) for worker in loaders(run)}
    return [known.get(name, name) for name in names]


def place_of(trip: Trip, run: Run) -> str:
    """Where a trip began."""
    name = str(trip["client_host"])
    return next((_place(worker) for worker in loaders(run) if worker["name"] == name), name)


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def listed(texts: Sequence[str]) -> str:
    return f"{', '.join(texts[:-1])} and {texts[-1]}" if len(texts) > 1 else "".join(texts)


def _sides(run: Run) -> dict[str, Run]:
    """Of a comparison of two runs each."""
    return {name: of["run"] for name, of in (run.get("variants") or {}).items() if of.get("run")}


def own(variant: str, run: Run) -> tuple[Run, str]:
    """The run that a cell was measured in, and its variant there; of two that are compared its side's."""
    side = (run.get("variants") or {}).get(variant) or {}
    return (side["run"], side["variant"]) if side.get("run") else (run, variant)


def _by_side(run: Run, tell: Callable[[Run], str]) -> str:
    """What is told of a run; of two that are compared both, where they differ."""
    found = {name: tell(side) for name, side in _sides(run).items()}
    if len(set(found.values())) < 2:
        return next(iter(found.values())) if found else tell(run)
    return "; ".join(f"{name}: {words}" for name, words in found.items() if words)
