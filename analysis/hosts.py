"""Hosts and what lies between them: what the record of a run says of its load generator's workers elsewhere."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from analysis import units
from analysis.records.columns import Columns, column, first
from analysis.records.points import Row
from analysis.records.reading import Results
from analysis.statistics import NAN

HERE = "this machine"
HALF = 0.5  # of a latency: a way that is as long is worth saying
Run = Mapping[str, Any]
Trip = Mapping[str, Any]
Worker = Mapping[str, Any]


# --- of a cell ------------------------------------------------------------------------------------------------------


def told(cell: Row, windows: Columns | None, run: Run) -> dict[str, Any]:
    """What a cell says of the way to its server from the load's hosts; nothing at home."""
    run, variant = _own(cell["variant"], run)
    trips = _of_server(cell["strategy"], variant, run, set() if windows is None else _took_part(windows))
    if not trips:
        return {}
    farthest, nearest = (choose(trips, key=lambda trip: float(trip["median_s"])) for choose in (max, min))
    return {
        "round_trip_us": farthest["median_s"] * 1e6,
        "round_trip_least_us": farthest["least_s"] * 1e6,
        "round_trip_from": _host(farthest, run),
        "round_trip_nearest_us": nearest["median_s"] * 1e6,
        "latency_between": f"{', '.join(_hosts(trips, run))} and {trips[0]['server_host']}",
    }


def in_words(cell: Row) -> str:
    """Between what its latencies are, and how far that is; nothing where all is on one machine."""
    if not cell["latency_between"]:
        return ""
    network_us, farthest_us = cell["network_round_trip_us"], cell["round_trip_us"]
    apart = f", {units.duration(network_us)} there and back by the network alone" if network_us == network_us else ""
    if farthest_us == farthest_us:
        apart = f", where a small exchange takes {units.duration(farthest_us)} from {cell['round_trip_from']}"
        nearest = units.duration(cell["round_trip_nearest_us"])
        apart += f", the farthest, and {nearest} from the nearest" * (nearest != units.duration(farthest_us))
    return f"latencies are between {cell['latency_between']}{apart}"


def way_in(cell: Row, latency: str, run: Run) -> str:
    """What of a latency is the way, behind a comma, where that is half of it or more; else nothing."""
    run, variant = _own(cell["variant"], run)
    ways = [(way_us, f"the way from {_host(trip, run)}")
            for trip in _of_server(cell["strategy"], variant, run) if (way_us := _way_us(trip, run))
            and _host(trip, run) in cell["latency_between"]]  # fmt: skip
    ways.append((cell["network_round_trip_us"], "the network's"))
    told = [(way_us, words) for way_us, words in ways if HALF * cell[latency] <= way_us <= cell[latency]]
    return f", {units.duration(max(told)[0])} of it {max(told)[1]}" if told else ""


def exchange_us(windows: Columns, run: Run) -> float:
    """What a request would take if it were all on the way: by the shares of who took part; NaN if unknown.

    Handlers may be in the exchanges of a run that has any.
    """
    run, variant = _own(first(windows, "variant"), run)
    if any((group.get("handler") or "none") != "none" for group in run.get("groups") or []):
        return NAN
    names = _took_part(windows)
    shares = {worker["name"]: worker["share"] for worker in _workers(run) if worker["name"] in names}
    trips = _of_server(first(windows, "strategy"), variant, run, names)
    ways_us = {trip["client_host"]: _way_us(trip, run) for trip in trips}
    if not shares or not shares.keys() <= ways_us.keys():
        return NAN
    return float(sum(shares.values()) / sum(share / ways_us[name] for name, share in shares.items()))


def _way_us(trip: Trip, run: Run) -> float:
    """The shortest exchange of that worker with any server there: what makes others longer isn't the way."""
    ends = (trip["client_host"], trip["server_host"])
    return min(float(one["least_s"]) for one in _known(run) if (one["client_host"], one["server_host"]) == ends) * 1e6


def lost(windows: Columns, run: Run) -> str:
    """In how many of a cell's blocks the load came without workers that others had; empty where all are alike."""
    run, _ = _own(first(windows, "variant"), run)
    of_blocks: dict[int, set[str]] = {}
    for block, names in zip(column(windows, "block").tolist(), column(windows, "loaders", object), strict=True):
        of_blocks.setdefault(block, set()).update(names)
    everyone = set().union(*of_blocks.values())
    without: dict[tuple[str, ...], int] = {}
    for names in of_blocks.values():
        if missing := tuple(sorted(everyone - names)):
            without[missing] = without.get(missing, 0) + 1
    return "; ".join(f"in {many} of {len(of_blocks)} blocks without {_listed(_named(names, run))}"
                     for names, many in without.items())  # fmt: skip


def _took_part(windows: Columns) -> set[str]:
    """Names of those who did, where some were elsewhere."""
    return {name for names in column(windows, "loaders", object) for name in names}


# --- of a run -------------------------------------------------------------------------------------------------------


def between(run: Run) -> str:
    """Between which hosts latencies are, and what a small exchange took there; empty where all is on one machine."""
    return _by_side(run, _between)


def _between(run: Run) -> str:
    pairs: dict[tuple[str, str], list[Trip]] = {}
    for trip in _known(run):
        pairs.setdefault((_host(trip, run), trip["server_host"]), []).append(trip)
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
        return f"over the network, from {_listed(_unique(_place(worker) for worker in _workers(run)))}"
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
        for worker in _workers(run)
    ]
    return f"{'; '.join(found)}. Shares are those that were planned for all of them, to whole clients"


def origin(run: Run) -> str:
    """Where the load came from, with shares where that is several; to tell two runs apart."""
    if not _are_elsewhere(run):
        return f"load from {HERE}"
    shares: dict[str, float] = {}
    for worker in _workers(run):
        shares[_place(worker)] = shares.get(_place(worker), 0.0) + worker["share"]
    alone = len(shares) == 1
    told = _listed([place + f" ({share:.0%})" * (not alone) for place, share in shares.items()])
    number = len(_workers(run))
    return f"load from {told}, {number} worker{'s' * (number > 1)}"


def notes(results: Results) -> list[str]:
    """What a reader must know of who made the load, a sentence each without its full stop."""
    run = results.run
    slow = [worker for worker in _workers(run) if worker["loop"] == "python"] if _are_elsewhere(run) else []
    told = [f"the hot loop of {_listed([_name(worker) for worker in slow])} is Python's, which is slower than the "
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
                   f"{_listed(_named(names, results.run))}, as the other workers were lost")  # fmt: skip
            before = names
        begun = block


# --- who is who -----------------------------------------------------------------------------------------------------


def _workers(run: Run) -> Sequence[Worker]:
    return run.get("loader_workers") or []


def _are_elsewhere(run: Run) -> bool:
    return any(worker["elsewhere"] for worker in _workers(run))


def _known(run: Run) -> list[Trip]:
    return [trip for trip in run.get("round_trips") or [] if trip["median_s"] is not None]


def _of_server(strategy: str, variant: str, run: Run, names: Collection[str] = ()) -> list[Trip]:
    """The trips to a server from workers of these names, or from all."""
    return [trip for trip in _known(run) if (trip["strategy"], trip["variant"]) == (strategy, variant)
            and (not names or trip["client_host"] in names)]  # fmt: skip


def _place(worker: Worker) -> str:
    """Its host: names of hosts are what they say, and two may say the same."""
    return f"{worker['host']} ({worker['address']})" if worker["elsewhere"] else HERE


def _name(worker: Worker) -> str:
    """It itself, among others of its host."""
    return f"{worker['name']} ({worker['address'] if worker['elsewhere'] else HERE})"


def _named(names: Collection[str], run: Run) -> list[str]:
    known = {worker["name"]: _name(worker) for worker in _workers(run)}
    return [known.get(name, name) for name in names]


def _host(trip: Trip, run: Run) -> str:
    """Where a trip began."""
    name = str(trip["client_host"])
    return next((_place(worker) for worker in _workers(run) if worker["name"] == name), name)


def _hosts(trips: Iterable[Trip], run: Run) -> list[str]:
    return sorted({_host(trip, run) for trip in trips})


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _listed(texts: Sequence[str]) -> str:
    return f"{', '.join(texts[:-1])} and {texts[-1]}" if len(texts) > 1 else "".join(texts)


def _sides(run: Run) -> dict[str, Run]:
    """Of a comparison of two runs each."""
    return {name: of["run"] for name, of in (run.get("variants") or {}).items() if of.get("run")}


def _own(variant: str, run: Run) -> tuple[Run, str]:
    """The run that a cell was measured in, and its variant there; of two that are compared its side's."""
    side = (run.get("variants") or {}).get(variant) or {}
    return (side["run"], side["variant"]) if side.get("run") else (run, variant)


def _by_side(run: Run, tell: Callable[[Run], str]) -> str:
    """What is told of a run; of two that are compared both, where they differ."""
    found = {name: tell(side) for name, side in _sides(run).items()}
    if len(set(found.values())) < 2:
        return next(iter(found.values())) if found else tell(run)
    return "; ".join(f"{name}: {words}" for name, words in found.items() if words)
