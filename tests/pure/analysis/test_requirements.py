"""Limits that a run is given: how they are read, what keeps them, and what can't be decided."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from analysis.export.requirements import render
from analysis.judging.cells import tabulate
from analysis.judging.requirements import Kept, all_hold, judged, sentences
from analysis.records.reading import read
from analysis.report import page
from analysis.requirement import read as limit
from tests.support.made_up import failure, folder_of, window

LATENCIES = np.full(1000, 1_000_000)  # 1 ms each, as ten clients have that are answered 10,000 times a second


def kept(tmp_path: Path, *limits: str, records: list[dict[str, Any]] | None = None) -> list[Kept]:
    made = records or [window("epoll", block=block, latencies=LATENCIES) for block in range(3)]
    results = read(folder_of(tmp_path, made, requirements=list(limits)))
    return judged(results, tabulate(results))


@pytest.mark.parametrize(
    ("text", "column", "value", "holds"),
    [
        ("p99<10ms", "p99_us", 9_999.0, True),
        ("p99<10ms", "p99_us", 10_000.0, False),
        ("p99 <= 10 ms", "p99_us", 10_000.0, True),
        ("p99_us<1s", "p99_us", 2e6, False),
        ("throughput>20000", "throughput_rps", 20_001.0, True),
        ("server_cpu_per_request<=20us", "server_cpu_us_per_request", 21.0, False),
        ("memory<1GiB", "memory_mib", 1023.0, True),
        ("memory_per_connection<64KiB", "memory_per_connection_kib", 65.0, False),
        ("loader_cpu_share<90%", "loader_cpu_share", 0.89, True),
        ("starved<1", "starved", 0.0, True),
    ],
)
def test_a_limit_is_read_in_the_unit_of_its_column(text: str, column: str, value: float, holds: bool) -> None:
    one = limit(text)
    assert one.column == column
    assert one.holds(value) is holds


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("p99", "is no limit; write a figure, a sign and a value"),
        ("p99<ten", "is no limit"),
        ("p9<10ms", "no figure 'p9' (did you mean 'p99'?)"),
        ("p99<10", "p99 is told in a unit; write 10us or 10µs or 10ms or 10s"),
        ("starved<10%", "starved isn't told in %; write 10"),
        ("throughput>20k", "throughput isn't told in k; write 20000"),
        ("verdict<1", "no figure 'verdict'"),
    ],
)
def test_what_is_no_limit_is_told_with_its_remedy(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        limit(text)


def test_limits_are_kept_and_broken(tmp_path: Path) -> None:
    found = kept(tmp_path, "p50<2ms", "p50<500us", "errors<0.1%")
    assert [(one.holds, one.is_decided) for one in found] == [(True, True), (False, True), (True, True)]
    assert found[1].said == "not kept: 1.00 ms"
    assert found[2].said == "kept: 0 %"
    assert not all_hold(found)
    assert all_hold([found[0], found[2]])
    assert list(sentences(found)) == [str(found[1]), "Required: 2 of 3 limits are kept."]


def test_errors_are_a_share_of_all_that_ended(tmp_path: Path) -> None:
    """2 of 1,000 in each window; the head's and the drain's requests count, too."""
    records = [
        window("epoll", block=block, requests=500, replies=998, failed=2, errors={"reset": 2}) for block in (0, 1)
    ]
    found = kept(tmp_path, "errors<0.3%", "errors<0.2%", "errors<=4", records=records)
    assert [one.holds for one in found] == [True, False, True]
    assert found[0].said == "kept: 0.2 %"


def test_a_figure_that_is_missing_or_doubtful_keeps_no_limit(tmp_path: Path) -> None:
    """Of two windows there is no p99; clients starved, so that the rate is doubtful; a third can't start."""
    records = [
        *(window("epoll", block=block, requests=50, latencies=LATENCIES[:50]) for block in (0, 1)),
        *(window("blocking", block=block, unanswered=9, latencies=LATENCIES) for block in (0, 1)),
        failure("uvloop", reason="needs uvloop"),
    ]
    found = {(one.strategy, one.requirement.text): one for one in kept(
        tmp_path, "p99<10ms", "throughput>1", "starved<20", records=records)}  # fmt: skip
    p99 = found["epoll", "p99<10ms"]
    assert (p99.holds, p99.is_decided) == (False, False)
    assert p99.said == "not kept, as it can't be decided: there is no such figure of it"
    assert "is doubtful: clients starved" in found["blocking", "throughput>1"].said
    assert found["blocking", "starved<20"].holds  # what was counted was counted
    assert found["uvloop", "p99<10ms"].said == "not kept, as it can't be decided: needs uvloop"


def test_a_run_that_measured_nothing_keeps_nothing(tmp_path: Path) -> None:
    results = read(folder_of(tmp_path, [], requirements=["p99<1s"]))
    (only,) = judged(results, tabulate(results))
    assert (only.holds, only.said) == (False, "not kept: nothing was measured")


def test_junit_tells_broken_from_undecided(tmp_path: Path) -> None:
    found = kept(tmp_path, "p50<2ms", "p50<500us", "knee<5")
    suite = ElementTree.fromstring(render(found)).find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3", "failures": "1", "errors": "1", "skipped": "0",
    }  # fmt: skip
    assert [case.get("name") for case in suite.iter("testcase")] == [
        "epoll: p50<2ms",
        "epoll: p50<500us",
        "epoll: knee<5",
    ]


def test_the_page_has_them_first(tmp_path: Path) -> None:
    records = [window("<i>", block=block, latencies=LATENCIES) for block in range(3)]
    results = read(folder_of(tmp_path, records, requirements=["p50<500us"]))
    html = page.render(results, tabulate(results))
    assert html.index('id="requirements"') < html.index('id="findings"')
    assert "not all are kept" in html
    assert "not kept: 1.00 ms" in html
    assert "<i>" not in html
    run = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(run | {"requirements": []}))
    assert 'id="requirements"' not in page.render(read(tmp_path), tabulate(read(tmp_path)))
