"""Rates of an open loop are what they say, or are refused."""

from pathlib import Path

import numpy as np
import pytest

from commands import bench, parser
from harness.config import Config, ConfigError, read
from harness.plan import plan, selection
from harness.plan.plan import Overrides, Plan
from harness.run.experience import Experience, Known
from harness.run.rounds import rounds_for
from loadgen import arrivals
from tests.support.project import ROOT

TINY = "[profiles.tiny]\nblocks = 2\nrounds = 1\nmatrix = [{ service = ['echo'], clients = [2] }]\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "mine.toml").write_text(TINY)
    return read(ROOT / "bench.toml", tmp_path / "mine.toml")


def planned(config: Config, rate: str) -> Plan:
    overrides = Overrides({"load": ["open"], "rate": [rate]})
    return plan.make(config, selection.select(config, "epoll"), "tiny", overrides, None)


def asked(config: Config, rate: str, capacity_rps: float) -> float:
    """What the load generator is told."""
    made = planned(config, rate)
    (group,) = [group for group in made.groups if group.load == "open"]
    known: Known = {(group.closed, "epoll"): Experience(requests=round(capacity_rps * 10), counted_s=10.0)}
    (((visit,),),) = list(rounds_for(made, group, known).rounds(lambda: ["epoll"], 0))[:1]
    return float(visit.load["rate_rps"])


@pytest.mark.parametrize(("rate", "capacity", "asked_rps"), [
    ("0.2", 0.0, 0.2), ("0.01", 5e4, 0.01), ("2000", 5e4, 2000.0), ("50%", 5e4, 25_000.0), ("10%", 4.0, 0.4),
    ("50%", 0.0, 1.0),  # of a server that failed in the closed loop: next to nothing
])  # fmt: skip
def test_a_rate_is_asked_for_as_it_was_named(config: Config, rate: str, capacity: float, asked_rps: float) -> None:
    assert asked(config, rate, capacity) == pytest.approx(asked_rps)


@pytest.mark.parametrize("process", ["poisson", "even"])
def test_so_slow_a_rate_is_drawn_as_slow(process: str) -> None:
    starts = arrivals.PROCESSES[process](0.2, 100_000 * 10**9, np.random.default_rng(1))
    assert len(starts) == pytest.approx(20_000, rel=0.03)


@pytest.mark.parametrize(
    "rate", ["0", "0.0", "0%", "nan", "inf", "-inf", "-1", "1e9", "1000000000", "0.001", "2000%", ""]
)
def test_what_is_no_rate_is_refused_in_a_line(rate: str) -> None:
    assert parser.module("bench") is bench  # imported before: nothing may start here
    with pytest.raises(ConfigError) as error:
        parser.parsed("bench", ["--load", "open", f"--rate={rate}"])
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"argument --rate: {rate!r} is not a rate")


def of_file(folder: Path, rate: str) -> Config:
    (folder / "mine.toml").write_text(TINY.replace("clients = [2]", f"clients = [2], load = 'open', rate = [{rate}]"))
    return read(ROOT / "bench.toml", folder / "mine.toml")


@pytest.mark.parametrize("rate", ["0.2", "2000", "'50%'"])
def test_a_bench_file_writes_them_alike(tmp_path: Path, rate: str) -> None:
    (entry,) = of_file(tmp_path, rate).profiles["tiny"].matrix
    assert list(entry.rate) == [rate.strip("'")]  # type: ignore[attr-defined]


@pytest.mark.parametrize("rate", ["nan", "inf", "1e9", "0", "true"])
def test_and_is_refused_alike(tmp_path: Path, rate: str) -> None:
    with pytest.raises(ConfigError, match=r"^.*mine\.toml.*: not a rate.*$"):
        of_file(tmp_path, rate)
