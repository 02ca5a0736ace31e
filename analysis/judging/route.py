"""The way from the load's hosts to a cell's server: how long it is, what of a latency it is, and who came over it."""

from collections.abc import Collection
from typing import Any

from analysis import hosts, units
from analysis.hosts import Run, Trip
from analysis.records.columns import Columns, column, first
from analysis.records.points import Row
from analysis.statistics import NAN

HALF = 0.5  # of a latency: a way that is as long is worth saying


def told(cell: Row, windows: Columns | None, run: Run) -> dict[str, Any]:
    """What a cell says of the way to its server from the load's hosts; nothing at home."""
    run, variant = hosts.own(cell["variant"], run)
    trips = _of_server(cell["strategy"], variant, run, set() if windows is None else _took_part(windows))
    if not trips:
        return {}
    froms = sorted({hosts.place_of(trip, run) for trip in trips})
    farthest, nearest = (choose(trips, key=lambda trip: float(trip["median_s"])) for choose in (max, min))
    return {
        "round_trip_us": farthest["median_s"] * 1e6,
        "round_trip_least_us": farthest["least_s"] * 1e6,
        "round_trip_from": hosts.place_of(farthest, run),
        "round_trip_nearest_us": nearest["median_s"] * 1e6,
        "latency_between": f"{', '.join(froms)} and {trips[0]['server_host']}",
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
    run, variant = hosts.own(cell["variant"], run)
    ways = [(way_us, f"the way from {hosts.place_of(trip, run)}")
            for trip in _of_server(cell["strategy"], variant, run) if (way_us := _way_us(trip, run))
            and hosts.place_of(trip, run) in cell["latency_between"]]  # fmt: skip
    ways.append((cell["network_round_trip_us"], "the network's"))
    told = [(way_us, words) for way_us, words in ways if HALF * cell[latency] <= way_us <= cell[latency]]
    return f", {units.duration(max(told)[0])} of it {max(told)[1]}" if told else ""


def exchange_us(windows: Columns, run: Run) -> float:
    """What a request would take if it were all on the way: by the shares of who took part; NaN if unknown.

    Handlers may be in the exchanges of a run that has any.
    """
    run, variant = hosts.own(first(windows, "variant"), run)
    if any((group.get("handler") or "none") != "none" for group in run.get("groups") or []):
        return NAN
    names = _took_part(windows)
    shares = {worker["name"]: worker["share"] for worker in hosts.loaders(run) if worker["name"] in names}
    trips = _of_server(first(windows, "strategy"), variant, run, names)
    ways_us = {trip["client_host"]: _way_us(trip, run) for trip in trips}
    if not shares or not shares.keys() <= ways_us.keys():
        return NAN
    return float(sum(shares.values()) / sum(share / ways_us[name] for name, share in shares.items()))


def _way_us(trip: Trip, run: Run) -> float:
    """The shortest exchange of that worker with any server there: what makes others longer isn't the way."""
    ends = (trip["client_host"], trip["server_host"])
    return (
        min(float(one["least_s"]) for one in hosts.round_trips(run) if (one["client_host"], one["server_host"]) == ends)
        * 1e6
    )


def lost(windows: Columns, run: Run) -> str:
    """In how many of a cell's blocks the load came without workers that others had; empty where all are alike."""
    run, _ = hosts.own(first(windows, "variant"), run)
    of_blocks: dict[int, set[str]] = {}
    for block, names in zip(column(windows, "block").tolist(), column(windows, "loaders", object), strict=True):
        of_blocks.setdefault(block, set()).update(names)
    everyone = set().union(*of_blocks.values())
    without: dict[tuple[str, ...], int] = {}
    for names in of_blocks.values():
        if missing := tuple(sorted(everyone - names)):
            without[missing] = without.get(missing, 0) + 1
    return "; ".join(f"in {many} of {len(of_blocks)} blocks without {hosts.listed(hosts.named(names, run))}"
                     for names, many in without.items())  # fmt: skip


def _took_part(windows: Columns) -> set[str]:
    """Names of those who did, where some were elsewhere."""
    return {name for names in column(windows, "loaders", object) for name in names}


def _of_server(strategy: str, variant: str, run: Run, names: Collection[str] = ()) -> list[Trip]:
    """The trips to a server from workers of these names, or from all."""
    return [trip for trip in hosts.round_trips(run) if (trip["strategy"], trip["variant"]) == (strategy, variant)
            and (not names or trip["client_host"] in names)]  # fmt: skip
