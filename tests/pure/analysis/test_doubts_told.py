"""Each code of a doubt says what decides it and what helps, for the table in results/README.md."""

import tomllib

import pytest

from analysis.doubts import KINDS, Kind
from analysis.records.schema import README, documented
from tests.support.project import ROOT

VERDICT = tomllib.loads((ROOT / "bench.toml").read_text())["verdict"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_it_has_a_remedy_and_a_threshold_that_there_is(kind: Kind) -> None:
    assert kind.remedy
    assert not kind.threshold or kind.threshold in VERDICT


def test_the_table_is_fresh() -> None:
    text = README.read_text(encoding="utf-8")
    assert documented(text) == text
    assert all(f"| {kind.remedy} |" in text for kind in KINDS)
