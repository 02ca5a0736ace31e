"""What the gate makes of runs that were made up: rows, failures, exit codes, and every form they are written in."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from analysis import publish
from analysis.drawing import gate as chart
from analysis.export import bencher, github_action, junit, markdown
from analysis.gate import words
from analysis.gate.decision import Outcome
from analysis.gate.result import Gate, Row, examine
from analysis.gate.series import METRICS, Cell
from analysis.records.reading import ResultsError, read
from analysis.tables import calibration
from analysis.tables import gate as table
from harness.notes import not_in_base
from tests.support.made_up import MadeUpGate, failure, window


def gate(folder: Path, **given: Any) -> Gate:
    return examine(read(MadeUpGate(**given).write(folder)))


def outcomes(found: Gate) -> dict[tuple[str, str], str]:
    return {(row.cell.strategy, row.metric.name): row.outcome for row in found.rows if row.metric.decides}


SLOWER = {"throughput": {"epoll": 0.9, "poll": 1.0}, "server_cpu": {"epoll": 1.1}}


def test_nothing_changed(tmp_path: Path) -> None:
    found = gate(tmp_path)
    assert set(outcomes(found).values()) == {Outcome.NO_REGRESSION}
    assert (found.exit_code, found.verdict) == (0, "nothing found")


def test_a_regression_names_its_strategy_and_no_other(tmp_path: Path) -> None:
    found = gate(tmp_path, **SLOWER)
    regressions = {key for key, value in outcomes(found).items() if value == Outcome.REGRESSION}
    assert regressions == {("epoll", "throughput"), ("epoll", "server CPU")}
    assert found.exit_code == 1
    assert found.verdict == "2 regressions in epoll"
    (cpu,) = [row for row in found.rows if (row.cell.strategy, row.metric.name) == ("epoll", "server CPU")]
    assert cpu.change == pytest.approx(0.1, abs=0.01)
    assert cpu.interval[0] < cpu.change < cpu.interval[1]


def test_an_improvement_is_no_alarm(tmp_path: Path) -> None:
    found = gate(tmp_path, throughput={"epoll": 1.1}, server_cpu={"epoll": 0.9}, latency={"epoll": 0.93})
    assert set(outcomes(found).values()) == {Outcome.IMPROVEMENT}
    assert found.exit_code == 0


def test_noise_is_undecided(tmp_path: Path) -> None:
    found = gate(tmp_path, noise=0.5)
    assert found.exit_code == 3
    assert found.verdict.startswith("undecided: ")
    assert found.settled == set()


def test_settled_cells_need_no_more_blocks(tmp_path: Path) -> None:
    found = examine(read(MadeUpGate(latency={"poll": 1.04}, blocks=10).write(tmp_path)), ended=False)
    assert found.settled == {(0, "epoll")}  # the p99 of poll looks changed, and waits to be confirmed


def test_doubtful_figures_decide_nothing(tmp_path: Path) -> None:
    # the loader works without a rest and is slowed down as much as it was slowed down on purpose
    given = MadeUpGate(throughput={"epoll": 0.8}, latency={"epoll": 1 / 0.8}, blocks=20).write(tmp_path / "sound")
    lines = [json.loads(line) | {"loader_cpu_s": 0.123} for line in (given / "windows.jsonl").read_text().splitlines()]
    (given / "windows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = examine(read(given))
    assert outcomes(found) == {
        ("epoll", "throughput"): "doubtful",
        ("epoll", "server CPU"): Outcome.NO_REGRESSION,
        ("epoll", "p99"): "doubtful",
    }
    assert found.exit_code == 0
    assert all("may be loader-limited" in row.doubt for row in found.rows if row.outcome == "doubtful")


def test_a_cell_that_only_head_fails_in_is_a_failure(tmp_path: Path) -> None:
    died = failure("poll", variant="head", status="failed", reason="exited with 1", clients=100)
    found = gate(tmp_path, extra=[died])
    assert [(cell.strategy, why) for cell, why in found.failures.items()] == [("poll", "exited with 1")]
    assert found.exit_code == 1
    assert "poll" in found.verdict


def test_a_cell_that_head_has_lost_is_a_failure(tmp_path: Path) -> None:
    only_base = [window("select", variant="base", block=block, clients=100) for block in range(20)]
    gone = failure("select", variant="head", status="failed", reason="it is no longer in bench.toml", clients=100)
    found = gate(tmp_path, extra=[*only_base, gone])
    assert list(found.failures.values()) == ["it is no longer in bench.toml"]


def test_a_base_that_fails_makes_the_measurement_invalid(tmp_path: Path) -> None:
    died = failure("poll", variant="base", status="failed", reason="exited with 1", clients=100)
    found = gate(tmp_path, extra=[died])
    assert (found.exit_code, found.verdict) == (
        4,
        "measurement invalid: poll fails in what it is compared with: exited with 1",
    )


def test_what_is_missing_on_both_sides_is_said_and_decides_nothing(tmp_path: Path) -> None:
    absent = [failure("uvloop", variant=variant, reason="needs uvloop", clients=100) for variant in ("base", "head")]
    found = gate(tmp_path, extra=absent)
    assert list(found.absent.values()) == ["needs uvloop"]
    assert found.exit_code == 0


def test_what_the_loader_failed_in_is_nobody_s_fault(tmp_path: Path) -> None:
    hung = failure("poll", variant="head", status="failed", reason="the loader ended", fault="loader", clients=100)
    found = gate(tmp_path, extra=[hung])
    assert (found.failures, found.broken, found.exit_code) == ({}, {}, 0)


def test_a_cell_that_base_has_not_is_new(tmp_path: Path) -> None:
    new = [window("select", variant="head", block=block, clients=100) for block in range(20)]
    found = gate(tmp_path, extra=new)
    assert list(found.absent.values()) == ["base has no such cell"]
    assert found.exit_code == 0


def test_a_figure_that_some_blocks_do_not_have_is_doubtful(tmp_path: Path) -> None:
    given = MadeUpGate().write(tmp_path)
    lines = [json.loads(line) for line in (given / "windows.jsonl").read_text().splitlines()]
    for line in lines:
        if line["block"] == 7 and line["variant"] == "head":
            line |= {"unfinished": 40}  # never answered: the p99 of that block lies among them
    (given / "windows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = {(row.cell.strategy, row.metric.name): row for row in examine(read(given)).rows}
    assert "no figure in 1 of 20 blocks" in found["epoll", "p99"].doubt
    assert found["epoll", "throughput"].outcome == Outcome.NO_REGRESSION


def test_notes_are_in_the_markdown(tmp_path: Path) -> None:
    text = markdown.render(gate(tmp_path, facts={"notes": [asdict(not_in_base(["three"], "main"))]}))
    assert "three: not compared" in text


@pytest.mark.parametrize(("given", "says"), [
    ({"blocks": 9}, "9 blocks measured, 10 are needed"), ({"outcome": "interrupted"}, "the run was interrupted"),
])  # fmt: skip
def test_half_a_run_decides_nothing(tmp_path: Path, given: dict[str, Any], says: str) -> None:
    found = gate(tmp_path, **given)
    assert found.exit_code == 4
    assert says in found.verdict


def test_a_run_without_variants_is_no_gate(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="no run of the gate"):
        gate(tmp_path, facts={"variants": {}})


# --- for people --------------------------------------------------------------------------------------------


def printed(found: Gate, render: Any = table.render) -> str:
    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115 (as long as the console)
    render(found, console)
    return console.export_text()


def test_the_table_shows_change_interval_p_and_n(tmp_path: Path) -> None:
    text = printed(gate(tmp_path, **SLOWER))
    assert re.search(r"epoll +throughput .* -\d+\.\d % ± \d\.\d +<0\.001 +10 .* regression", text)
    assert re.search(r"poll +throughput .* ~ [+-]\d\.\d % ± \d\.\d .* no regression beyond", text)
    assert "2 regressions in epoll" in text.lower()


def test_the_calibration_says_what_can_be_promised(tmp_path: Path) -> None:
    text = printed(gate(tmp_path), calibration.render)
    assert "20 blocks" in text
    assert re.search(r"epoll +server CPU +0\.\d %", text)


def test_the_chart_has_a_page_for_so_many_cells(tmp_path: Path) -> None:
    many = {f"strategy-{number}": 1.0 for number in range(30)}
    paths = chart.draw(gate(tmp_path, throughput=many, blocks=10, rounds=1), tmp_path / "charts")
    assert [path.name for path in paths] == ["gate.png", "gate.svg", "gate-2.png", "gate-2.svg"]
    assert all(path.stat().st_size for path in paths)


def test_markdown_says_what_was_found_before_the_rest(tmp_path: Path) -> None:
    text = markdown.render(gate(tmp_path, **SLOWER))
    assert text.startswith("### ❌ 2 regressions in epoll\n")
    assert text.index("epoll<br>throughput") < text.index("<details>") < text.index("| poll<br>throughput")
    assert text.count("<details>") == text.count("</details>")


def test_markdown_takes_no_markup_from_results(tmp_path: Path) -> None:
    nasty = "<script>|`*_[x](y)"
    died = failure(nasty, variant="head", status="failed", reason="<b>|", clients=100)
    fine = [window(nasty, variant="base", block=block, clients=100) for block in range(20)]
    text = markdown.render(gate(tmp_path, extra=[*fine, died]))
    assert "<script>" not in text
    assert "<b>" not in text
    assert "&lt;script&gt;\\|" in text


@pytest.mark.parametrize("render", [markdown.render, junit.render], ids=["gate.md", "gate.junit.xml"])
def test_what_is_read_is_what_it_was(
    render: Callable[[Gate], str], tmp_path: Path, golden: Callable[[str, str], None], request: pytest.FixtureRequest
) -> None:
    text = render(gate(tmp_path, **SLOWER))
    golden(request.node.callspec.id, text.replace(str(tmp_path), "{tmp}"))


def test_markdown_stays_within_what_github_takes(tmp_path: Path) -> None:
    many = {f"{number}-strategy-with-a-name-that-is-longer-than-{'any-' * 150}other": 1.0 for number in range(16)}
    text = markdown.render(gate(tmp_path, throughput=many, blocks=10, rounds=1))
    assert len(text) < 65_536
    assert "more lines are left out" in text
    assert text.count("<details>") == text.count("</details>")


# --- for programs ----------------------------------------------------------------------------------------------


def test_junit_is_of_the_published_shape(tmp_path: Path) -> None:
    """The rules of junit-10.xsd of Jenkins' xUnit plugin, for the elements that are used."""
    lost = failure("select", variant="head", status="failed", reason="\x00 exited with 1", clients=100)
    base = [window("select", variant="base", block=block, clients=100) for block in range(20)]
    root = ElementTree.fromstring(junit.render(gate(tmp_path, **SLOWER, extra=[*base, lost])).encode())
    allowed: dict[str, tuple[set[str], set[str], set[str]]] = {  # children, needed and other attributes
        "testsuites": ({"testsuite"}, set(), {"name", "time", "tests", "failures", "errors"}),
        "testsuite": (
            {"testsuite", "properties", "testcase", "system-out", "system-err"},
            {"name", "tests", "failures", "errors"},
            {"skipped", "time", "timestamp", "hostname", "id", "package", "group", "file", "log", "url"},
        ),
        "properties": ({"property"}, set(), set()),
        "property": (set(), {"name", "value"}, set()),
        "testcase": ({"skipped", "error", "failure", "system-out", "system-err"}, {"name"},
                     {"classname", "time", "group"}),
        "failure": (set(), set(), {"type", "message"}),
        "error": (set(), set(), {"type", "message"}),
        "skipped": (set(), set(), {"type", "message"}),
        "system-out": (set(), set(), set()),
    }  # fmt: skip
    assert root.tag == "testsuites"
    for element in root.iter():
        children, needed, others = allowed[element.tag]
        assert {child.tag for child in element} <= children
        assert needed <= set(element.attrib) <= needed | others
    suite = root.find("testsuite")
    assert suite is not None
    assert int(suite.get("tests", "")) == len(suite.findall("testcase")) == 7
    assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure")) == 3


def test_bencher_is_of_the_published_schema(tmp_path: Path) -> None:
    """Objects of objects of a number `value` and, where given, numbers `lower_value` and `upper_value`; short names."""
    found = json.loads(bencher.render(gate(tmp_path, **SLOWER)))
    assert set(found) == {f"{name} (echo, 100 clients, 64 B)" for name in ("epoll", "poll")}
    for name, measures in found.items():
        assert 0 < len(name) <= 1024
        for slug, metric in measures.items():
            assert re.fullmatch(r"[a-z0-9-]{1,64}", slug)
            assert {"value"} <= set(metric) <= {"value", "lower_value", "upper_value"}
            assert all(isinstance(number, float) for number in metric.values())
            assert metric.get("lower_value", metric["value"]) <= metric["value"] <= metric.get("upper_value", 1e18)


RENDERS = {True: github_action.bigger_is_better, False: github_action.smaller_is_better}


def test_github_action_benchmark_can_read_it(tmp_path: Path) -> None:
    """The rules of its src/extract.ts and extractRangeInfo.ts."""
    found = gate(tmp_path, **SLOWER)
    files = {bigger: json.loads(render(found)) for bigger, render in RENDERS.items()}
    for entries in files.values():
        assert entries  # it refuses an empty array
        assert len({entry["name"] for entry in entries}) == len(entries)
        for entry in entries:
            assert isinstance(entry["name"], str)
            assert isinstance(entry["unit"], str)
            assert isinstance(entry["value"], float)
            assert isinstance(entry.get("extra", ""), str)
            if "range" in entry:
                assert re.fullmatch(r"± \d[\d.e+-]*", entry["range"]), entry["range"]
    assert {entry["name"].rpartition(": ")[2] for entry in files[True]} == {"throughput"}
    assert {"server CPU", "p99", "p50"} <= {entry["name"].rpartition(": ")[2] for entry in files[False]}


def test_every_form_is_written_beside_the_run(tmp_path: Path) -> None:
    paths = publish.write(gate(tmp_path))
    assert {path.name for path in paths} == {
        "gate.png", "gate.svg", "gate.md", "gate.junit.xml", "gate.bencher.json", "gate.bigger-is-better.json",
        "gate.smaller-is-better.json",
    }  # fmt: skip
    assert all(path.exists() for path in paths)


def test_an_export_without_a_figure_is_not_written(tmp_path: Path) -> None:
    """github-action-benchmark refuses an empty array; and what an earlier look left is not of this one."""
    before = publish.write(gate(tmp_path))
    found = gate(tmp_path)
    doubtful = [replace(row, doubt="too few") if row.metric.name == "throughput" else row for row in found.rows]
    paths = publish.write(replace(found, rows=doubtful))
    gone = tmp_path / "gate.bigger-is-better.json"
    assert set(before) - set(paths) == {gone}
    assert not gone.exists()
    assert bencher.render(replace(found, rows=[])) == ""


def test_a_change_is_by_blocks_and_says_so(tmp_path: Path) -> None:
    """A block of cheap requests moves the mean of the blocks' figures little, the mean of their ratios much."""

    def used(block: int, variant: str) -> float:
        return 0.05 if block or variant == "base" else 0.5

    made = [window("epoll", variant=variant, block=block, clients=100, latencies=[1e6] * 2000,
                   requests=1000 if block else 100_000, server_cpu_s=used(block, variant) * (1 + block / 1000))
            for block in range(12) for variant in ("base", "head")]  # fmt: skip
    found = examine(read(MadeUpGate(throughput={"epoll": 1.0}, blocks=0, extra=made).write(tmp_path)))
    (row,) = [row for row in found.rows if row.metric.name == "server CPU"]
    assert row.head / row.base == pytest.approx((11 * 50 + 5) / (11 * 50 + 0.5), rel=1e-3)
    assert row.change == pytest.approx(10 ** (1 / 12) - 1)
    text = printed(found)
    assert "change by blocks" in text
    assert "so their quotient may be another" in " ".join(text.split())


def test_what_had_no_time_in_the_budget_is_undecided(tmp_path: Path) -> None:
    """A strategy that wasn't measured may be the one that a change made slower."""
    found = gate(tmp_path, facts={"left_out": ["poll"]}, throughput={"epoll": 1.0})
    assert (found.exit_code, found.verdict) == (3, "not measured, as the budget has no time for it: poll")
    assert 'name="poll"' in junit.render(found)
    slower = gate(tmp_path / "slower", facts={"left_out": ["poll"]}, **SLOWER)
    assert slower.exit_code == 1


def test_what_was_not_tested_is_not_written_as_a_test_that_showed_nothing() -> None:
    memory = Row(Cell("epoll", ()), next(metric for metric in METRICS if metric.name == "memory"), 8.0, 9.0, None)
    assert words.change(memory) == "+12.5 %"
    assert words.value(memory, memory.base) == "8 MiB"


def test_each_form_says_how_a_change_is_to_be_read(tmp_path: Path) -> None:
    found = gate(tmp_path)
    for text in (printed(found), markdown.render(found)):
        assert "~ where none was shown, without an interval where it was not tested" in " ".join(text.split())
