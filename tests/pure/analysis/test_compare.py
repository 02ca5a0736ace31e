"""Two results folders against each other: paired where they are of one run, advice where they are not."""

import json
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from analysis import compare
from analysis.drawing import gate as chart
from analysis.drawing.sheet import TIMES
from analysis.gate.decision import Outcome
from analysis.gate.result import Gate
from analysis.judging.cells import tabulate
from analysis.records.reading import ResultsError, read
from tests.support.made_up import SETTINGS, MadeUp, MadeUpGate, failure, folder_of, ranked, window
from tests.support.sheets import assert_legible, said

GATE: dict[str, Any] = SETTINGS["gate"]


def outcomes(found: Gate) -> dict[tuple[str, str], str]:
    return {(row.cell.strategy, row.metric.name): row.outcome for row in found.rows if row.metric.decides}


def test_variants_of_one_run_are_paired(tmp_path: Path) -> None:
    run = MadeUpGate(throughput={"epoll": 0.9, "poll": 1.0}).write(tmp_path / "run")
    found = compare.compare(f"{run}:base", f"{run}:head", GATE)
    assert outcomes(found)["epoll", "throughput"] == Outcome.REGRESSION
    assert outcomes(found)["poll", "throughput"] == Outcome.NO_REGRESSION
    assert (found.advisory, found.exit_code) == ("", 1)
    back = compare.compare(f"{run}:head", f"{run}:base", GATE)
    assert outcomes(back)["epoll", "throughput"] == Outcome.IMPROVEMENT
    assert back.exit_code == 0


def of_its_own(folder: Path, seed: int, rate: float = 50_000.0) -> str:
    return str(MadeUp(capacity={"epoll": rate}, groups=[(10, 64), (100, 64)], blocks=12, seed=seed).write(folder))


def renamed(folder: str) -> str:
    """The same figures as another run's."""
    path = Path(folder) / "run.json"
    path.write_text(path.read_text().replace("20261122-203000-default", "20261123-203000-default"))
    return folder


def test_runs_of_their_own_are_advice_and_never_a_pass(tmp_path: Path) -> None:
    found = compare.compare(of_its_own(tmp_path / "a", 1), renamed(of_its_own(tmp_path / "b", 2)), GATE)
    assert "advice" in found.advisory
    assert found.exit_code == 3
    changed = compare.compare(of_its_own(tmp_path / "a", 1), renamed(of_its_own(tmp_path / "c", 2, 25_000.0)), GATE)
    assert Outcome.REGRESSION in outcomes(changed).values()
    assert changed.exit_code == 3


def test_their_interval_is_welchs(tmp_path: Path) -> None:
    a, b = of_its_own(tmp_path / "a", 1), renamed(of_its_own(tmp_path / "b", 2))
    (row,) = [row for row in compare.compare(a, b, GATE).rows
              if row.metric.name == "throughput" and row.cell.values["clients"] == 100]  # fmt: skip
    samples = [compare._logs(row.metric, side.results.windows.query("clients == 100"))
               for side in (compare._side(a), compare._side(b))]  # fmt: skip
    expected = stats.ttest_ind(samples[1], samples[0], equal_var=False)
    low, high = expected.confidence_interval(0.95)
    assert row.decision is not None
    assert row.decision.p == pytest.approx(expected.pvalue)
    assert (row.decision.loss - row.decision.half, row.decision.loss + row.decision.half) == pytest.approx((low, high))


def test_charts_of_two_runs_name_both_and_what_differs(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder, blocks, rounds in zip(folders, (4, 6), (3, 2), strict=True):
        MadeUp(capacity={"epoll": 50_000}, groups=[(100, 64)], blocks=blocks, rounds=rounds).write(folder)
    path = Path(renamed(str(folders[1]))) / "run.json"
    path.write_text(path.read_text().replace("6.18", "7.0"))
    found = compare.compare(*map(str, folders), GATE)
    assert len(compare.write(found, tmp_path))
    said = (tmp_path / "compare" / "throughput_vs_clients.svg").read_text()
    assert f"4 to 6 blocks {TIMES} 2 to 3 rounds" in said
    assert "run 20261122-203000-default, 20261123-203000-default" in said
    assert "A: measured on AMD EPYC 9R14, 2 cores, kernel 6.18" in said
    assert "B: measured on AMD EPYC 9R14, 2 cores, kernel 7.0" in said


def test_charts_of_both_are_laid_over_each_other(tmp_path: Path) -> None:
    found = compare.compare(of_its_own(tmp_path / "a", 1), renamed(of_its_own(tmp_path / "b", 2)), GATE)
    names = {path.name for path in compare.write(found, tmp_path / "results")}
    assert {"throughput_vs_clients.png", "latency_vs_clients.png", "gate.png"} <= names
    assert set(found.results.windows["variant"]) == {"A", "B"}


def test_the_chart_of_changes_counts_its_rounds_and_names_both_machines(tmp_path: Path) -> None:
    """Of the rounds that a block has, one is another in each block: that in which the loader was slowed down."""
    folders = []
    for name, kernel in (("a", "6.18"), ("b", "7.0")):
        lines = [window("epoll", block=block, round=place, clients=100, latencies=[1e6] * 2000, requests=5000 + block)
                 for block in range(4) for place in range(4) if place != block % 3 + 1]  # fmt: skip
        made = MadeUp(capacity={"epoll": 1.0}, groups=()).write(tmp_path / name)
        run = json.loads((made / "run.json").read_text())
        run |= {"run_id": name, "machine": run["machine"] | {"kernel": kernel}}
        (made / "run.json").write_text(json.dumps(run))
        (made / "windows.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        folders.append(str(made))
    found = compare.compare(*folders, GATE)
    (figure,) = chart.sheets(found)
    assert_legible(figure)
    assert f"4 blocks {TIMES} 3 rounds" in said(figure)
    for name, kernel in (("A", "6.18"), ("B", "7.0")):
        assert f"{name}: measured on AMD EPYC 9R14, 2 cores, kernel {kernel}" in said(figure)
    assert said(figure).count("AMD EPYC") == 2


def test_charts_of_an_earlier_pair_go(tmp_path: Path) -> None:
    """What an earlier comparison or a larger gate left would stand beside figures that it isn't of."""
    sizes = MadeUp(capacity={"epoll": 1e5}, groups=[(9, 64), (9, 1024)], blocks=2)
    several = str(sizes.write(tmp_path / "a")), renamed(str(sizes.write(tmp_path / "b")))
    run = MadeUpGate(blocks=3).write(tmp_path / "run")
    before = compare.write(compare.compare(*several, GATE), tmp_path)
    (tmp_path / "compare" / "notes.txt").touch()
    (tmp_path / "compare" / "gate-2.png").touch()
    after = compare.write(compare.compare(f"{run}:base", f"{run}:head", GATE), tmp_path)
    assert set(before) - set(after)
    assert set((tmp_path / "compare").iterdir()) == {*after, tmp_path / "compare" / "notes.txt"}


def test_intervals_of_each_are_those_of_its_own_run(tmp_path: Path) -> None:
    """One of them was looked at while it went on, so that its intervals are wider; the other's are not."""
    a, b = of_its_own(tmp_path / "a", 1), renamed(of_its_own(tmp_path / "b", 2))
    path = Path(b) / "run.json"
    path.write_text(path.read_text().replace('"precision": null', '"precision": {"target": 0.02, "widened": 1.08}'))
    own = {name: tabulate(read(Path(folder)))["throughput_rps_high"].to_list() for name, folder in (("A", a), ("B", b))}
    for one, other, names in ((a, b, "AB"), (b, a, "BA")):
        table = compare.compare(one, other, GATE).table
        for variant, name in zip("AB", names, strict=True):
            found = table.loc[table["variant"] == variant, "throughput_rps_high"]
            assert found.to_list() == pytest.approx(own[name])


@pytest.mark.parametrize(("a", "says"), [
    ("{run}", "holds the variants base, head; name one"), ("{run}:tail", "has no variant 'tail'"),
    ("{tmp}/none", "no such folder"), ("{run}:base", "the same figures; name two runs"),
])  # fmt: skip
def test_what_cannot_be_compared_is_said(tmp_path: Path, a: str, says: str) -> None:
    run = MadeUpGate(blocks=2).write(tmp_path / "run")
    with pytest.raises(ResultsError, match=says):
        compare.compare(a.format(run=run, tmp=tmp_path), f"{run}:base", GATE)


def test_servers_that_were_attached_are_named_where_they_arent_compared(tmp_path: Path) -> None:
    """Among each other they are, where that is said."""
    met = {"server_cpu_s": None, "server_minor_faults": None, "server_processes": None, "variant": "attached"}
    folders = [folder_of(tmp_path / name, ranked({"epoll": 1000.0, "web": rate}, web=met))
               for name, rate in (("a", 2000.0), ("b", 1000.0))]  # fmt: skip
    for place, folder in enumerate(folders):
        run = json.loads((folder / "run.json").read_text())
        note = {"kind": "attached", "seen": "met where somebody has started them", "why": "", "remedy": ""}
        (folder / "run.json").write_text(json.dumps(run | {"run_id": str(place), "notes": [note]}))
    own, theirs = (compare.compare(*(f"{folder}{of}" for folder in folders), GATE) for of in ("", ":attached"))
    assert {row.cell.strategy for row in own.rows} == {"epoll"}
    assert [note["seen"] for note in own.results.run["notes"]] == ["not compared, as they were attached: web"]
    assert {row.cell.strategy for row in theirs.rows} == {"web"}
    assert [note["kind"] for note in theirs.results.run["notes"]] == ["attached"]


def test_nothing_in_common(tmp_path: Path) -> None:
    one = MadeUpGate(throughput={"epoll": 1.0}, blocks=3).write(tmp_path / "one")
    other = MadeUpGate(throughput={"poll": 1.0}, blocks=3).write(tmp_path / "other")
    found = compare.compare(f"{one}:base", f"{other}:base", GATE)
    assert found.invalid == "no figure that could decide anything is in both"
    assert found.exit_code == 4


def test_a_variant_that_fails_is_no_pass(tmp_path: Path) -> None:
    died = failure("poll", variant="head", status="failed", reason="exited with 1", clients=100)
    run = MadeUpGate(extra=[died]).write(tmp_path / "run")
    found = compare.compare(f"{run}:base", f"{run}:head", GATE)
    assert (found.exit_code, list(found.failures.values())) == (1, ["exited with 1"])
    assert compare.compare(f"{run}:head", f"{run}:base", GATE).broken
