"""The search for where a claim holds from: which values are measured next, and what is made of them."""

import json
from math import inf
from pathlib import Path

import pytest

from analysis.claims import search, words
from analysis.claims.evidence import Evidence
from analysis.claims.verdicts import to_search
from analysis.crossover import NONE, Crossover
from analysis.judging.cells import tabulate
from analysis.records.reading import read
from analysis.statistics import Estimate
from harness.config import claims
from harness.config import read as configured
from harness.plan import trial
from harness.probes import PROBES
from tests.support.claimed import BENCH, QUIET, claim, judged, point, rule, run_of
from tests.support.made_up import MadeUp

GRID = (10.0, 100.0, 1000.0)


def along(crossover: Crossover, grid: tuple[float, ...] = GRID) -> Evidence:
    told = rule(kind="along", axis="clients", at_least=1.0)
    return Evidence(told, curve=tuple((value, Estimate(1, 1, 1)) for value in grid), crossover=crossover)


@pytest.mark.parametrize(
    ("crossover", "values"),
    [
        (Crossover(200, 150, 300), [100, 180, 320, 560, 1000]),
        (Crossover(100, 60, 150), [10, 32, 100, 320, 1000]),  # its interval reaches into both gaps
        (Crossover(50, 0, 90), [10, 18, 32, 56, 100]),  # an open end is the grid's
        (Crossover(500, 300, inf), [100, 180, 320, 560, 1000]),
        (NONE, []),
    ],
)
def test_values_lie_between_those_that_hold_the_crossover(crossover: Crossover, values: list[int]) -> None:
    assert search.values([along(crossover)]) == values


def test_what_is_known_well_is_searched_no_further() -> None:
    assert search.values([along(Crossover(105, 101, 109), (100.0, 110.0, 1000.0))]) == []
    assert search.values([along(Crossover(1.5, 1.2, 1.8), (1.0, 2.0))]) == []  # there is nothing between them


def test_several_rules_are_searched_at_once() -> None:
    assert search.values([along(Crossover(20, 12, 30)), along(Crossover(500, 300, 900))])[::4] == [10, 1000]


def test_the_narrower_of_both_is_told() -> None:
    wide, narrow, open_ = Crossover(200, 110, 900), Crossover(210, 190, 230), Crossover(200, 0, 230)
    assert search.better(wide, narrow) == narrow
    assert search.better(narrow, wide) == narrow
    assert search.better(open_, narrow) == narrow
    assert search.better(wide, NONE) == wide


def test_a_search_is_found_in_the_folder_of_its_trial(tmp_path: Path) -> None:
    # threading passes forking at 134 clients
    def told(*sizes: int) -> dict[str, object]:
        points = [point(clients=clients) for clients in sizes]
        return claim(
            "passes", rule(who="threading", by="forking", kind="along", axis="clients", points=points, at_least=1.0)
        )

    def made(*sizes: int) -> MadeUp:
        return MadeUp(groups=[(clients, 64) for clients in sizes], **QUIET)

    results = run_of(tmp_path, told(10, 100, 500), made=made(10, 100, 500))
    values = to_search(results, tabulate(results))
    assert values == {"passes": {"clients": [100, 150, 220, 330, 500]}}
    found = judged(results)["passes"].rules[0]
    run_of(tmp_path / "search" / "latest", told(*values["passes"]["clients"]), made=made(*values["passes"]["clients"]))
    refined = judged(read(tmp_path))["passes"].rules[0]
    assert refined.crossover.low < 100 * (46 / 41) ** 2.5 < refined.crossover.high
    assert refined.crossover.high / refined.crossover.low < found.crossover.high / found.crossover.low / 1.2
    assert "by a search between 100 and 500" in words.evidence(refined, results.usual)
    assert json.loads((tmp_path / "run.json").read_text())["claims"]


def test_the_plan_of_a_search_has_the_claims_that_are_searched_at_their_new_values() -> None:
    config = configured(BENCH)
    file, path = claims.read("chapter", config, PROBES)
    new = {"threads-for-long-handlers": {"handler_us": [20, 50, 120]}}
    made = trial.make(config, trial.refined(file, new), path, config.trial["quick"], None, None)
    assert [told["name"] for told in made.claims] == list(new)
    assert [group["handler_us"] for group in made.plan.groups] == [(20, 50, 120)]
    assert {told["kind"] for told in made.claims[0]["rules"]} == {"along"}
