"""The page of a gate, and of two runs: each change with its interval, its effect in words, improvements as loud."""

import re
from pathlib import Path

import pytest

from analysis import compare
from analysis.gate.result import Gate, examine
from analysis.records.reading import read
from analysis.report import changes
from tests.support.made_up import SETTINGS, MadeUp, MadeUpGate, failure
from tests.support.pages import rendered


def gate(folder: Path, **given: object) -> Gate:
    return examine(read(MadeUpGate(noise=0.01, **given).write(folder)))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """One is a tenth slower, one a tenth faster, one is as it was."""
    return gate(tmp_path_factory.mktemp("gate"), throughput={"epoll": 0.9, "poll": 1.1, "select": 1.0})


def rates(found: Gate) -> dict[str, changes.Change]:
    return {one.who: one for one in changes.changes(found) if one.figure == "throughput"}


def test_a_change_is_said_in_words(found: Gate) -> None:
    told = rates(found)
    assert told["epoll"].effect == "slower in 100% of 60 pairs"
    assert told["poll"].effect == "faster in 100% of 60 pairs"
    assert re.fullmatch(r"(slower|faster) in [56]\d% of 60 pairs", told["select"].effect)


def test_a_loss_and_an_improvement_are_as_loud(found: Gate) -> None:
    told = rates(found)
    assert [told[name].is_shown for name in ("epoll", "poll", "select")] == [True, True, False]
    bars = {name: one.bar for name, one in told.items() if one.bar}
    assert [bars[name].look for name in ("epoll", "poll", "select")] == ["worse", "better", "plain"]
    assert bars["epoll"].at == pytest.approx(-bars["poll"].at, rel=0.15)
    assert all(bar.low <= bar.at <= bar.high for bar in bars.values())
    assert bars["select"].margin == pytest.approx(bars["epoll"].margin)  # one scale for a figure


def test_the_page_says_it_first_and_what_could_have_been_shown(found: Gate) -> None:
    text = rendered(Path(), found)
    assert text.index("head against base") < text.index('id="findings"')
    assert "<strong>1 regression in epoll.</strong> base (main, 1a2b3c4d5e) against head (this)." in text
    assert len(re.findall('<tr class="worse">', text)) == 1
    assert len(re.findall('<tr class="better">', text)) == 1
    shows = re.search(r"<tr class=\"worse\">.*?(\d\.\d %)</td></tr>", text, re.DOTALL)
    assert shows is not None
    assert "are the fastest" not in text


def test_what_head_has_lost_is_said(tmp_path: Path) -> None:
    died = failure("epoll", variant="head", status="failed", reason="<i>crashed</i>", clients=100, fault="server")
    one = gate(tmp_path, throughput={"epoll": 1.0}, blocks=10, extra=[died])
    text = rendered(Path(), one)
    assert "epoll, echo, 100 clients, 64 B: failed: &lt;i&gt;crashed&lt;/i&gt;" in text


def test_two_runs_are_on_one_page_with_the_curves_of_both(tmp_path: Path) -> None:
    runs = [MadeUp(capacity={"epoll": 1e5, "poll": 9e4}, groups=[(1, 64), (10, 64)], blocks=4, rounds=1, seed=seed)
            for seed in (1, 2)]  # fmt: skip
    folders = [run.write(tmp_path / str(run.seed)) for run in runs]
    other = (folders[1] / "run.json").read_text().replace("20261122-203000-default", "20261123-203000-default")
    (folders[1] / "run.json").write_text(other)
    found = compare.compare(*map(str, folders), SETTINGS["gate"])
    text = rendered(Path(), found)
    assert "Advice only: runs of their own" in text
    assert {name: name in text for name in ("epoll@A", "epoll@B")} == {"epoll@A": True, "epoll@B": True}
    assert "nan" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL).split()
