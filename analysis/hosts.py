"""Hosts and what lies between them: what the record of a run says of its load generator's workers elsewhere."""

from collections.abc import Iterable, Mapping
from typing import Any

from analysis import units

Trip = Mapping[str, Any]


def told(cell: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any]:
    """What a cell says of the way to its server from the load's hosts, the farthest one counting; nothing at home."""
    trips = [trip for trip in _told(run) if (trip["strategy"], trip["variant"]) == (cell["strategy"], cell["variant"])]
    if not trips:
        return {}
    froms = ", ".join(sorted({trip["client_host"] for trip in trips}))
    return {
        "round_trip_us": max(trip["median_s"] for trip in trips) * 1e6,
        "round_trip_least_us": max(trip["least_s"] for trip in trips) * 1e6,
        "latency_between": f"{froms} and {trips[0]['server_host']}",
    }


def between(run: Mapping[str, Any]) -> str:
    """Between which hosts latencies are, and what a small exchange took there; empty where all is on one machine."""
    pairs: dict[tuple[str, str], list[Trip]] = {}
    for trip in _told(run):
        pairs.setdefault((trip["client_host"], trip["server_host"]), []).append(trip)
    told = [f"{worker} and {server} ({_least(trips)})" for (worker, server), trips in pairs.items()]
    return f"latencies are between {', '.join(told)}" if told else ""


def _least(trips: Iterable[Trip]) -> str:
    """Of all servers there the quickest: what is left is the way."""
    quickest = min(trips, key=lambda trip: float(trip["median_s"]))
    least, median = (units.duration(quickest[name] * 1e6) for name in ("least_s", "median_s"))
    return f"a small exchange took {median}, at least {least}"


def _told(run: Mapping[str, Any]) -> list[Trip]:
    return [trip for trip in run.get("round_trips") or [] if trip["median_s"] is not None]


def way(run: Mapping[str, Any]) -> str:
    """How requests came to the servers, after a verb."""
    loaders = sorted({worker["host"] for worker in _elsewhere(run)})
    strategies = (run.get("strategies") or {}).values()
    servers = sorted({one["address"].rpartition(":")[0] for one in strategies if one.get("elsewhere")})
    if loaders:
        return f"over the network, from {', '.join(loaders)}"
    if not servers:
        return "over loopback"
    some_here = not all(one.get("elsewhere") for one in strategies)
    return "over loopback, and " * some_here + f"over the network to {', '.join(servers)}"


def workers(run: Mapping[str, Any]) -> str:
    """Who made the load, with their hosts, where some were elsewhere; else nothing."""
    if not _elsewhere(run):
        return ""
    return "; ".join(
        f"{worker['name']}: {worker['share']:.0%} of the clients, {worker['cpu']}, {worker['cpus']} CPUs, kernel "
        f"{worker['kernel']}, Python {worker['python']}"
        + (f", its clock known within {units.duration(worker['clock_uncertainty_s'] * 1e6)}" * worker["elsewhere"])
        for worker in run["loader_workers"]
    )


def _elsewhere(run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [worker for worker in run.get("loader_workers") or [] if worker["elsewhere"]]
