"""Ranks: who shares one, who has none; and how wide intervals are."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.made_up import ranked, window
from tests.support.tabulated import cells_of

NAMES = ("epoll", "poll", "select", "uvloop", "gevent")


def test_strategies_that_were_not_told_apart_share_a_rank(tmp_path: Path) -> None:
    rates = {"slow": 20_000, "epoll": 30_000, "same": 30_030, "starving": 40_000}
    made = ranked(rates, starving={"unanswered": 3}, slow={"server_cpu_s": 0.01})
    read = cells_of(tmp_path, made).set_index("strategy")
    assert read["rank"].fillna(0).to_dict() == {"slow": 3, "epoll": 1, "same": 1, "starving": 0}
    assert read["cpu_rank"].to_dict() == {"slow": 1, "epoll": 3, "same": 3, "starving": 2}


def test_what_the_loader_limits_is_ranked_by_cpu_alone(tmp_path: Path) -> None:
    made = ranked({"epoll": 30_000, "fast": 40_000}, fast={"loader_cpu_s": 0.12})
    read = cells_of(tmp_path, made).set_index("strategy")
    assert read["rank"].fillna(0).to_dict() == {"epoll": 2, "fast": 0}  # the fast one would be faster still
    assert read["cpu_rank"].to_dict() == {"epoll": 2, "fast": 1}


@pytest.mark.parametrize("absent", NAMES)
def test_who_lacks_the_first_block_is_ranked_as_in_the_others(tmp_path: Path, absent: str) -> None:
    """There the machine halved all that were there, so that the mean of the one that wasn't is of better moments."""
    rates = {name: 40_000 * 0.9**place for place, name in enumerate(NAMES)}
    made = []
    for record in ranked(rates):
        halved = 0.5 if record["block"] == 0 else 1.0
        requests = round(record["requests"] * halved)
        of_its_cpu = {"server_cpu_s": 0.1 / halved * rates[NAMES[0]] / rates[record["strategy"]]}
        made.append(window(record["strategy"], block=record["block"], requests=requests, **of_its_cpu))
    left = [one for one in made if (one["strategy"], one["block"]) != (absent, 0)]
    whole, lacking = (
        cells_of(tmp_path / name, some).set_index("strategy") for name, some in (("whole", made), ("lacking", left))
    )
    for column in ("rank", "cpu_rank"):
        assert lacking[column].to_dict() == whole[column].to_dict()
    assert whole["cpu_rank"].to_dict() == {name: place for place, name in enumerate(NAMES, 1)}


def test_intervals_of_a_run_that_looked_are_wider(tmp_path: Path) -> None:
    made = ranked({"epoll": 30_000, "select": 20_000}, spread=0.02)
    fixed, looked = (
        cells_of(tmp_path, made, precision=how) for how in (None, {"target": 0.02, "first_look": 10, "widened": 1.08})
    )
    for name, factor in (("throughput_rps", 1.08), ("ratio", 1.0)):  # a ratio decides no stop
        widths = [np.log(read[f"{name}_high"] / read[f"{name}_low"])[1] for read in (fixed, looked)]
        assert widths[1] / widths[0] == pytest.approx(factor, rel=1e-4)
