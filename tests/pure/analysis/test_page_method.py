"""What the page says of how a run was measured: its words, its rules, what was counted, which code it shows."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from analysis.judging.cells import tabulate
from analysis.records.reading import read
from analysis.report import code, glossary, method
from tests.support.made_up import MadeUp, folder_of, footprint, window
from tests.support.pages import rendered
from tests.support.project import ROOT

PATH = ROOT / "servers/readiness/epoll_loop.py"


def test_every_rule_of_the_page_stands_in_the_methodology() -> None:
    assert [name for name, _ in method.rules()] == [name for name, *_ in method.RULES]
    for _, rule in method.rules():
        assert not re.search(r"[\[\]`*]|\.md", rule.replace("[verdict]", "")), rule


def test_the_words_and_the_limits_are_those_of_the_methodology() -> None:
    words, limits = dict(glossary.table(glossary.WORDS)), dict(glossary.table(glossary.LIMITS))
    assert {"block", "round", "window", "cell", "group", "loader", "starved", "doubt"} <= words.keys()
    assert {"server", "loader, both", "round-trip", "starvation", "errors", "handler", "offered rate"} == limits.keys()


def test_the_limits_have_the_values_of_their_thresholds(tmp_path: Path) -> None:
    results = read(MadeUp(capacity={"epoll": 1e5}, groups=[(10, 64)], blocks=2, rounds=1).write(tmp_path))
    told = dict(method.limits(results))
    assert told["errors"] == "1 % of the requests or more failed, or none succeeded"
    assert "_share" not in " ".join(told.values())


def test_a_project_without_its_documents_has_a_page_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glossary, "METHODOLOGY", tmp_path / "none.md")
    glossary._section.cache_clear()
    try:
        assert glossary.table(glossary.WORDS) == []
        assert list(method.rules()) == []
    finally:
        glossary._section.cache_clear()


def facts(folder: Path) -> dict[str, str]:
    results = read(folder)
    return dict(method.facts(results, tabulate(results)))


def test_rounds_are_those_that_were_measured(tmp_path: Path) -> None:
    records = [window("epoll", block=block, round=round_, started_ns=10 * block + round_)
               for block, rounds in enumerate([2, 2, 1]) for round_ in range(rounds)]  # fmt: skip
    told = facts(folder_of(tmp_path, records))["Repeated"]
    assert "Of 3 pairs of a load and a block, these got 2 rounds 2 times, 1 round 1 times" in told


def test_where_all_blocks_are_alike_one_number_tells_it(tmp_path: Path) -> None:
    told = facts(MadeUp(capacity={"epoll": 1e5}, groups=[(10, 64)], blocks=2, rounds=3).write(tmp_path))["Repeated"]
    assert "Each load got 3 rounds in each block." in told


def test_the_loaders_turn_is_told_as_the_rest_of_a_cycle(tmp_path: Path) -> None:
    latencies = [40_000.0] * 2000
    records = [window("epoll", clients=1, block=block, requests=1000, latencies=latencies)
               for block in range(2)]  # fmt: skip
    results = read(folder_of(tmp_path, records))
    cells = tabulate(results).assign(loader_delay_p50_us=33.0)
    told = dict(method.facts(results, cells))["Latency and rate"]
    assert "of 100 µs the median latency is 40.0 µs" in told
    assert "a reply waits for 33.0 µs" in told


@pytest.mark.parametrize(
    ("revision", "said"),
    [("1a2b", "1a2b"), ("1a2b-dirty", "1a2b, with changes that no commit has"), (None, "not in git")],
)
def test_a_revision_says_whether_it_is_all(revision: str | None, said: str, tmp_path: Path) -> None:
    folder = MadeUp(capacity={"epoll": 1e5}, groups=[(10, 64)], blocks=2, rounds=1).write(tmp_path)
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(run | {"revision": revision}))
    assert facts(folder)["Revision"] == said


def test_a_file_is_held_against_what_the_run_recorded() -> None:
    same = hashlib.sha256(PATH.read_bytes()).hexdigest()
    name = code.named(PATH)
    assert code.has_changed({"sources": {name: same}}, PATH) is False
    assert code.has_changed({"sources": {name: "0" * 64}}, PATH) is True
    assert code.has_changed({}, PATH) is None


@pytest.mark.parametrize(
    ("digest", "warns", "says"), [("", False, True), ("0" * 64, True, False), ("same", False, False)]
)
def test_the_page_says_when_its_code_is_not_what_ran(digest: str, warns: bool, says: bool, tmp_path: Path) -> None:
    folder = MadeUp(capacity={"epoll": 1e5}, groups=[(10, 64)], blocks=2, rounds=1).write(tmp_path)
    run: dict[str, Any] = json.loads((folder / "run.json").read_text())
    run["strategies"]["epoll"]["command"] = "{python} -m servers.readiness.epoll_loop {options}"
    if digest:
        known = hashlib.sha256(PATH.read_bytes()).hexdigest()
        run["sources"] = {code.named(PATH): known if digest == "same" else digest}
    (folder / "run.json").write_text(json.dumps(run))
    page = rendered(folder)
    assert ("what is shown isn&#39;t what ran" in page or "what is shown isn't what ran" in page) is warns
    assert ("this run doesn't say which files it ran" in page) is says


def test_memory_says_what_it_is(tmp_path: Path) -> None:
    records = [window("epoll", clients=100, block=block) for block in range(2)]
    records += [footprint("epoll", clients=100, block=block) for block in range(2)]
    assert "Memory is the process tree&#39;s own" in rendered(folder_of(tmp_path, records))
