"""Each code of a doubt says what decides it and what helps: in results/README.md, and with thresholds on the page."""

import re
import tomllib
from pathlib import Path

import pytest

from analysis.doubts import KINDS, PLACES, UNSTABLE, Doubt, Kind
from analysis.judging.cells import tabulate
from analysis.records.reading import read
from analysis.records.schema import README, documented
from tests.support.made_up import MadeUp, folder_of, window
from tests.support.pages import rendered_as
from tests.support.project import ROOT

VERDICT = tomllib.loads((ROOT / "bench.toml").read_text())["verdict"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_it_has_a_remedy_and_a_threshold_that_there_is(kind: Kind) -> None:
    assert kind.remedy
    assert not kind.threshold or kind.threshold in VERDICT


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_it_says_from_where_on_there_is_one(kind: Kind) -> None:
    places = PLACES.findall(kind.when)
    assert set(places) <= VERDICT.keys() | {"p99_multiple"}
    assert not kind.threshold or kind.threshold in places
    told = kind.says(VERDICT | {"p99_multiple": 5.0})
    assert "_" not in told
    assert len(re.findall(r"\d %|5 times", told)) == len(places)


def test_of_an_older_run_a_setting_keeps_its_name() -> None:
    assert "spread by more than block_spread," in UNSTABLE.says({})
    assert "spread by more than 25 %," in UNSTABLE.says({"block_spread": 0.25})


def test_the_page_has_the_value_of_each_threshold_in_its_legend_and_in_its_reasons(tmp_path: Path) -> None:
    run = MadeUp(capacity={"epoll": 1e5, "poll": 9e4}, groups=[(10, 64)], blocks=3, rounds=1)
    results = read(run.write(tmp_path))
    cells = tabulate(results)
    cells["doubts"] = [(Doubt(UNSTABLE, "spread 31 %", "25 %"),)] * 2
    text = rendered_as(results, cells)
    legend = text.partition("Doubts of this run")[2].partition("</section>")[0]
    spread = f"{results.thresholds['block_spread'] * 100:.0f} %"
    assert f"<dt>unstable between blocks</dt><dd>the blocks&#39; rates spread by more than {spread}," in legend
    assert text.count("unstable between blocks (spread 31 %; threshold 25 %)") >= 4  # of each in the table and the card


def test_a_verdict_knows_the_threshold_that_decided(tmp_path: Path) -> None:
    records = [window("epoll", block=block, requests=requests, latencies=[1e6] * 2000)
               for block, requests in enumerate((100, 1000, 100, 1000))]  # fmt: skip
    (doubt,) = [one for one in tabulate(read(folder_of(tmp_path, records)))["doubts"][0] if one.kind == UNSTABLE]
    assert doubt.limit == "25 %"
    assert doubt.in_full == f"{str(doubt)[:-1]}; threshold 25 %)"


def test_the_table_is_fresh() -> None:
    text = README.read_text(encoding="utf-8")
    assert documented(text) == text
    assert all(f"| {kind.remedy} |" in text for kind in KINDS)
