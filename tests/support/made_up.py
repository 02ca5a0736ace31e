"""Invented results folders whose truth is known, so that the analysis can be held to it."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import ArrayLike

import axes
from analysis.records.schema import NEEDED, RECORDS, VERSION
from harness.config import read
from tests.support.project import ROOT

# correct replies per second at 100 clients and 64 B, of the order that real servers show on one core
CAPACITY = {
    "blocking": 15_500.0, "socketserver": 14_200.0, "forking": 46_000.0, "threading": 41_000.0,
    "select": 88_000.0, "poll": 96_500.0, "twisted": 52_000.0, "twisted-line": 44_500.0,
    "epoll": 118_000.0, "asyncio": 57_000.0, "asyncio-protocol": 71_000.0, "asyncio-buffered": 93_000.0,
    "uvloop": 104_000.0, "gevent": 54_500.0,
}  # fmt: skip
SOME = {name: CAPACITY[name] for name in ("blocking", "select", "epoll", "asyncio")}
SETTINGS = tomllib.loads((ROOT / "bench.toml").read_text())
LISTINGS = dict(zip(CAPACITY, ["14-1", "14-3", "14-4", "14-5", "14-6", "14-7", "14-8", "14-9"], strict=False))
LOADER_CPU_S = 5e-6  # for each request: less than any of the servers takes
ONE_AT_A_TIME = ("blocking", "socketserver")
CONFIG = read(ROOT / "bench.toml")
USUAL = CONFIG.usual | {"server_cpus": "1"}
FAMILIES = {name: family.waits for name, family in CONFIG.families.items()}
_CELL = {"variant": "", **axes.recorded(USUAL | {"clients": 10}), axes.ALONG: ""}
DEFAULT_GROUPS = [(clients, 64) for clients in (1, 10, 100, 500)] + [(100, 1024), (100, 16384)]


@dataclass
class MadeUp:
    """A run to invent; what is not said is as in the default profile."""

    capacity: Mapping[str, float] = field(default_factory=lambda: dict(CAPACITY))
    groups: Sequence[tuple[int, int]] = tuple(DEFAULT_GROUPS)  # (clients, message size)
    services: Sequence[str] = ("echo",)
    blocks: int = 6
    rounds: int = 3
    counted_s: float = 0.1
    window_noise: float = 0.15  # standard deviation of a window's log throughput
    block_noise: float = 0.02  # the same of a fresh process
    drift: float = 0.03  # the same of what a block does to all strategies alike
    skipped: Mapping[str, str] = field(default_factory=dict)  # strategy -> reason
    unchecked: Mapping[str, str] = field(default_factory=dict)
    requests_per_connection: int | None = None
    families: Mapping[str, str] = field(default_factory=dict)  # strategy -> family, of those not in bench.toml
    ceiling: Mapping[int, float] = field(default_factory=dict)  # clients -> requests per second, at 64 B
    seed: int = 1

    def write(self, folder: Path) -> Path:
        """The results folder, made."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "run.json").write_text(json.dumps(self.run(), indent=1))
        with open(folder / "windows.jsonl", "w") as lines:
            lines.writelines(json.dumps(record) + "\n" for record in self.records())
        return folder

    def run(self) -> dict[str, Any]:
        strategies = {
            name: {
                "command": f"serve {name}",
                **self.family(name),
                "listing": LISTINGS.get(name),
                "one_at_a_time": name in ONE_AT_A_TIME,
                "serves": 1 if name in ONE_AT_A_TIME else None,
            }
            for name in self.capacity
        }
        return {
            "schema": VERSION, "run_id": "20261122-203000-default", "started_at": "2026-11-22T20:30:00+00:00",
            "finished_at": "2026-11-22T20:34:00+00:00", "outcome": "complete",
            "command": ["run_bench.py", "--strategies", "all"], "seed": 1, "profile": "default",
            "reference": "epoll", "strategies": strategies,
            "families": FAMILIES | {name: name for name in self.families.values() if name not in FAMILIES},
            "blocks": self.blocks, "rounds": self.rounds,
            "groups": [
                {"service": service, "clients": clients, "message_size": size,
                 "requests_per_connection": self.requests_per_connection}
                for service in self.services for clients, size in self.groups
            ],
            "machine": {"cpu": "AMD EPYC 9R14", "cores": 2, "kernel": "6.18", "python": "3.11.7",
                        "memory_gib": 23.4},
            "versions": {"twisted": "26.10.0"}, "server_cpus": [1], "loader_cpus": [0], "limits": {}, "precision": None,
            "loader_ceiling": [{"clients": clients, "message_size": 64, "requests_per_second": rate}
                               for clients, rate in self.ceiling.items()] or None,
            "unchecked": dict(self.unchecked), "measuring": {"seconds": 240.1, "in_windows_seconds": 180.2},
            "axes": axes.as_record(USUAL), "notes": [], "window": SETTINGS["window"], "verdict": SETTINGS["verdict"],
            "knee": SETTINGS["knee"],
        }  # fmt: skip

    def family(self, name: str) -> dict[str, Any]:
        """Family and place, as run.json has them."""
        if name not in self.families:
            known = CONFIG.strategies.get(name)
            return {"family": known.family if known else "other", "place": CONFIG.place(name)}
        alike = [other for other in self.families if self.families[other] == self.families[name]]
        return {"family": self.families[name], "place": alike.index(name)}

    def records(self) -> list[dict[str, Any]]:
        rng = np.random.default_rng(self.seed)
        plan = [(service, *group) for service in self.services for group in self.groups]
        records: list[dict[str, Any]] = []
        for block in range(self.blocks):
            own = {name: rng.normal(0, self.block_noise) for name in self.capacity}
            for group, (service, clients, size) in enumerate(plan):
                common = rng.normal(0, self.drift)
                where = {
                    "service": service,
                    "clients": clients,
                    "message_size": size,
                    "block": block,
                    "group": group,
                }
                for name, reason in self.skipped.items():
                    if block == 0:
                        records.append(failure(name, reason=reason, **where))
                for round_ in range(self.rounds):
                    names = [name for name in self.capacity if name not in self.skipped]
                    for position, name in enumerate(rng.permutation(names)):
                        noise = common + own[name] + rng.normal(0, self.window_noise)
                        rate = self.truth(str(name), clients, size) * float(np.exp(noise))
                        place = {"round": round_, "position": position, "started_ns": len(records) * 10**8}
                        records.append(self._window(rng, str(name), rate, {**where, **place}))
        return records

    def truth(self, name: str, clients: int, size: int) -> float:
        """The throughput that a strategy has where nothing disturbs it, in replies per second."""
        served = 1 if name in ONE_AT_A_TIME else clients
        crowd = served / (served + 0.7) if served < 10 else 1 - 0.05 * np.log10(served / 10) ** 2
        if name in ("select", "forking"):
            crowd *= min(1, (100 / served) ** 0.4)  # both pay for the number of clients
        if name in ONE_AT_A_TIME:
            crowd = 1.0
        return self.capacity[name] * float(crowd) / (1 + self.capacity[name] * size / 2e9)

    def _window(self, rng: np.random.Generator, name: str, rate: float, where: dict[str, Any]) -> dict[str, Any]:
        clients = where["clients"]
        starved = clients - 1 if name in ONE_AT_A_TIME else 0
        typical_ns = (clients - starved) / rate * 1e9
        count = max(1, round(rate * self.counted_s))
        tail = 0.45 if name in ("threading", "forking", "gevent") else 0.25
        latencies = rng.lognormal(np.log(typical_ns), tail, count)
        cpu_s = count * 1.25 * 0.9 / self.truth(name, clients, where["message_size"]) * rng.lognormal(0, 0.05)
        return window(
            name, requests=count, replies=round(count * 1.25), counted_s=self.counted_s, unanswered=starved,
            censored=starved, latencies=latencies, checked=name not in self.unchecked,
            loader_cpu_s=count * 1.25 * LOADER_CPU_S, server_cpu_s=cpu_s,
            requests_per_connection=self.requests_per_connection, **where,
        )  # fmt: skip


@dataclass
class MadeUpGate:
    """A run of base and head to invent; a factor of head by base for each strategy."""

    throughput: Mapping[str, float] = field(default_factory=lambda: {"epoll": 1.0, "poll": 1.0})
    server_cpu: Mapping[str, float] = field(default_factory=dict)  # what is not named is 1
    latency: Mapping[str, float] = field(default_factory=dict)
    blocks: int = 20
    rounds: int = 3
    noise: float = 0.005  # standard deviation of a window's logarithm
    extra: Sequence[dict[str, Any]] = ()  # further records
    outcome: str = "complete"
    settings: Mapping[str, float] = field(default_factory=dict)  # on top of bench.toml's [gate]
    facts: Mapping[str, Any] = field(default_factory=dict)  # on top of what run.json says

    def write(self, folder: Path) -> Path:
        """The results folder, made."""
        made = MadeUp(capacity=dict.fromkeys(self.throughput, 1.0), groups=())
        described = made.run() | {
            "variants": {"base": {"asked": "main", "revision": "1a2b3c4d5e6f7a8b"}, "head": {"asked": "this"}},
            "gate": SETTINGS["gate"] | dict(self.settings), "outcome": self.outcome,
        } | dict(self.facts)  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "run.json").write_text(json.dumps(described))
        lines = [*self._records(), *self.extra]
        (folder / "windows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return folder

    def _records(self) -> Iterator[dict[str, Any]]:
        rng = np.random.default_rng(5)
        latencies = rng.lognormal(np.log(2.4e6), 0.2, 2000)  # 40,000/s for 100 clients
        for block in range(self.blocks):
            for round_ in range(self.rounds):
                common = rng.normal(0, 0.1)
                for name in self.throughput:
                    for variant in ("base", "head"):
                        changed = variant == "head"
                        rate, cpu, took = (
                            float(np.exp(rng.normal(0, self.noise))) * (of.get(name, 1.0) if changed else 1.0)
                            for of in (self.throughput, self.server_cpu, self.latency)
                        )
                        requests = round(4000 * float(np.exp(common)) * rate)
                        yield window(
                            name, variant=variant, block=block, round=round_, clients=100, requests=requests,
                            started_ns=10**9 * (block * self.rounds + round_), latencies=latencies * took,
                            server_cpu_s=requests * 2e-5 * cpu, loader_cpu_s=requests * LOADER_CPU_S,
                        )  # fmt: skip


def window(strategy: str, *, latencies: ArrayLike = (), **given: Any) -> dict[str, Any]:
    """One record of windows.jsonl; latencies in ns."""
    record = row("window", {
        "strategy": strategy, "position": 0, "started_at": 1.8e9, "head_s": 0.02, "counted_s": 0.1, "drain_s": 0.004,
        "requests": 1000, "failed": 0, "carried": 0, "server_cpu_s": 0.1, "server_processes": 1, "loader_cpu_s": 0.06,
        "loader_wall_s": 0.124,
    } | given)  # fmt: skip
    for name, value in (
        ("replies", record["requests"]),
        ("first_half", record["requests"] // 2),
        ("asked", given.get("replies", record["requests"]) + record["failed"] + record["censored"] - record["carried"]),
    ):
        record[name] = given.get(name, value)
    record["latency_hdr"] = histogram(latencies)
    return record


def ranked(rates: dict[str, float], spread: float = 0.01, **given: dict[str, Any]) -> list[dict[str, Any]]:
    """Six blocks of strategies with these rates (requests in a window), which differ a little from block to block."""
    random = np.random.default_rng(3)
    return [
        window(name, **{"block": block, "requests": round(rate * np.exp(random.normal(0, spread)))}
               | given.get(name, {}))
        for block in range(6) for name, rate in rates.items()
    ]  # fmt: skip


def perturbed(strategy: str, *, spin_ns: int = 6000, **given: Any) -> dict[str, Any]:
    """A window in which the loader was slowed down on purpose."""
    return window(strategy, kind="perturbed", spin_ns=spin_ns, **given)


def at_rate(
    strategy: str,
    rate: float,
    *,
    achieved: float | None = None,
    dropped: int = 0,
    load: str = "open",
    asked: str | None = None,
    service: ArrayLike = (),
    dispatch: ArrayLike = (),
    **given: Any,
) -> dict[str, Any]:
    """A window of two seconds of a load with a rate of its own; service and dispatch in ns."""
    offered, counted_s = round(rate * 2), 2.0
    requests = round((rate if achieved is None else achieved) * counted_s)
    given = {"unfinished": offered - requests, "loader_cpu_s": requests * LOADER_CPU_S, "loader_wall_s": 2.1,
             "server_cpu_s": requests * 8e-6, "counted_s": counted_s} | given  # fmt: skip
    named = None if load == "knee" else asked or f"{rate:g}"
    record = window(strategy, load=load, rate=named, rate_rps=rate, offered=offered, requests=requests,
                    dropped=dropped, **given)  # fmt: skip
    return record | {"service_hdr": histogram(service), "dispatch_hdr": histogram(dispatch)}


def footprint(strategy: str, **given: Any) -> dict[str, Any]:
    """What a server's process tree took in a block."""
    return row("footprint", {
        "strategy": strategy, "pss_idle_bytes": 10 << 20, "pss_bytes": 12 << 20, "processes": 1, "threads": 1,
        "replies": 10_000, "user_s": 0.03, "system_s": 0.05, "voluntary_switches": 500, "involuntary_switches": 100,
    } | given)  # fmt: skip


def failure(strategy: str, *, status: str = "skipped", reason: str = "no reason", **given: Any) -> dict[str, Any]:
    """A failed cell as windows.jsonl has it."""
    return row("failure", {"strategy": strategy, "status": status, "reason": reason} | given)


# What stands in a field that is always there, of each kind of schema.toml.
EMPTY: dict[str, Any] = {"count": 0, "figure": 0.0, "flag": True, "text": "", "times": {}, "histogram": None}


def row(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A record with every field of its kind, those that aren't given as empty as the schema has them."""
    unknown = given.keys() - RECORDS[kind].keys()
    assert not unknown, f"not in schema.toml: {unknown}"
    blank = {name: EMPTY.get(field.kind) if field.absent is NEEDED else field.absent
             for name, field in RECORDS[kind].items()}  # fmt: skip
    blank = {name: None if value != value else value for name, value in blank.items()}  # JSON has no NaN
    return blank | {"kind": kind} | _CELL | dict(given)


def histogram(values: ArrayLike) -> str:
    """Values (ns) in the encoding of windows.jsonl, in bulk: the library's own recording is slow."""
    made = HdrHistogram(1, 3_600_000_000_000, 3)  # the loader's range: of another one they merge slowly
    whole = np.asarray(values).astype(np.int64).reshape(-1)
    if whole.size:
        bits = np.frexp((whole | 2047).astype(float))[1] - 11
        index = ((bits + 1) << 10) + (whole >> bits) - 1024
        counts = np.frombuffer(made.counts, dtype=np.uint64)
        counts += np.bincount(index, minlength=made.counts_len).astype(np.uint64)
        made.set_internal_tacking_values(int(index.min()), int(index.max()), whole.size)
    return made.encode().decode()


def folder_of(folder: Path, records: list[dict[str, Any]], **run: Any) -> Path:
    """A results folder of these records."""
    made = MadeUp(capacity={}, groups=()).write(folder)
    (made / "run.json").write_text(json.dumps(json.loads((made / "run.json").read_text()) | run))
    (made / "windows.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return made
