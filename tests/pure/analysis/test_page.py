"""The page of a run, by what a browser without scripts sees of it; with them: tests/process/analysis."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from analysis import doubts
from analysis.doubts import Doubt
from analysis.judging.cells import tabulate
from analysis.records.reading import read
from analysis.report import page
from tests.support.made_up import MadeUp, at_rate, failure, folder_of, window
from tests.support.pages import rendered
from tests.support.project import ROOT

HOSTILE = {
    "<script>alert(1)</script>": 9e4,
    "</script><img src=x onerror=alert(1)>": 8e4,
    "l" * 200: 7e4,
    "\N{UNICORN FACE}": 6e4,
    "\u202eesrever": 5e4,
    '"; var(--ink) {{ 7 * 7 }} a$b$ &lt;': 4e4,
    "\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET}": 3e4,
}
SAID = "<b>died</b></td></table><script>alert(2)</script>"


class Seen(HTMLParser):
    """What a parser makes of a page: its elements, texts by section, and the scripts that would run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.inside: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside.append(tag)
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self.inside.append("")

    def handle_data(self, data: str) -> None:
        if self.inside[-1:] == ["script"]:
            attributes, before = self.scripts[-1]
            self.scripts[-1] = attributes, before + data
        elif self.inside[-1:] == ["style"]:
            self.styles.append(data)
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run of four strategies, over clients."""
    capacity = {"blocking": 15_500.0, "select": 88_000.0, "epoll": 118_000.0, "asyncio": 57_000.0}
    groups = [(1, 64), (100, 64)]
    made = MadeUp(capacity=capacity, groups=groups, rounds=2, window_noise=0.05)
    return rendered(made.write(tmp_path_factory.mktemp("usual")), with_pictures=True)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run whose every text is an attack."""
    folder = MadeUp(capacity=HOSTILE, groups=[(10, 64)], blocks=2, rounds=1).write(tmp_path_factory.mktemp("hostile"))
    run = json.loads((folder / "run.json").read_text())
    attack = "<script>alert(3)</script>"
    run |= {"run_id": attack, "started_at": attack, "outcome": attack, "command": [attack, "'", "\n"],
            "profile": attack, "machine": {"cpu": attack, "kernel": "\u202e"}, "versions": {attack: attack},
            "notes": [{"kind": attack, "seen": attack, "why": attack, "remedy": attack}]}  # fmt: skip
    (folder / "run.json").write_text(json.dumps(run))
    with open(folder / "windows.jsonl", "a") as lines:
        lines.write(json.dumps(failure("poll", status="failed", reason=SAID, clients=10)) + "\n")
    return rendered(folder)


def policy(seen: Seen) -> dict[str, list[str]]:
    (content,) = [told["content"] for tag, told in seen.elements if tag == "meta" and "http-equiv" in told]
    assert content
    return {name: values for name, *values in (part.split() for part in content.split(";"))}


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def told(seen: Seen) -> Mapping[str, Any]:
    """What the page's script is given."""
    (data,) = [text for attributes, text in seen.scripts if attributes.get("type") == "application/octet-stream"]
    found: Mapping[str, Any] = json.loads(gzip.decompress(base64.b64decode(data)))
    return found


@pytest.mark.parametrize("which", ["usual", "hostile"])
def test_its_policy_allows_its_own_scripts_and_style_and_nothing_else(
    which: str, request: pytest.FixtureRequest
) -> None:
    seen = Seen(request.getfixturevalue(which))
    allowed = policy(seen)
    scripts = [text for attributes, text in seen.scripts if "type" not in attributes]
    assert allowed["default-src"] == ["'none'"]
    assert allowed["script-src"] == [digest(text) for text in scripts]
    assert len(scripts) == 2
    assert allowed["style-src"] == [digest("".join(seen.styles))]
    assert allowed["img-src"] == ["data:"]
    assert "unsafe" not in " ".join(word for words in allowed.values() for word in words)


@pytest.mark.parametrize("which", ["usual", "hostile"])
def test_it_names_nothing_outside_of_itself(which: str, request: pytest.FixtureRequest) -> None:
    seen = Seen(request.getfixturevalue(which))
    for tag, attributes in seen.elements:
        assert not any(name.startswith("on") or name == "style" for name in attributes), (tag, attributes)
        for name in ("href", "src", "action", "data", "poster", "srcset"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/svg+xml;base64,")), (tag, attributes)


def test_hostile_texts_are_read_and_make_no_elements(hostile: str, usual: str) -> None:
    seen = Seen(hostile)
    assert {tag for tag, _ in seen.elements} <= {tag for tag, _ in Seen(usual).elements}
    for name in HOSTILE:
        assert name.replace("\u202e", "\N{REPLACEMENT CHARACTER}") in seen.text
    assert f"failed: {SAID}" in seen.text
    assert "49 }}" not in seen.text
    assert "\u202e" not in hostile
    assert [name for name in told(seen)["entries"] if "script" in name] == [*HOSTILE][:2]


def test_its_findings_are_those_of_the_cells(usual: str) -> None:
    text = Seen(usual).text
    assert "With echo, 100 clients, 64 B, of those that have a rank, epoll is the fastest: " in text
    assert re.search(r"It is 1\.\d\d times \(1\.\d\d to 1\.\d\d\) the rate of select, the next in rank\.", text)
    assert "Without a rank: blocking (clients starved)." in text
    assert "What limited epoll: the server" in text
    assert "blocking serves 1 of 100 clients: 99 had no reply in a whole block." in text
    assert "any wrong order among those that have a rank, in 5 % of cases" in text
    assert ".venv/bin/python run_bench.py --strategies all" in text


def test_its_table_has_a_row_for_each_cell_and_its_reasons(usual: str) -> None:
    rows = re.findall(r"<tbody data-entry=.*?</tbody>", usual, re.DOTALL)
    assert len(rows) == 8
    starving = [row for row in rows if "blocking" in row and ">100<" in row]
    assert starving
    assert all("clients starved (99 of 100)" in row and 'class="doubtful"' in row for row in starving)


def test_a_ratio_is_that_of_the_rounds_for_any_reference(usual: str) -> None:
    data = told(Seen(usual))
    number = {name: place for place, name in enumerate(data["entries"])}
    pairs = {(one, other): found for one, other, *found in data["ratios"][1]}  # of 100 clients
    value, low, high = pairs[number["select"], number["epoll"]]
    truth = MadeUp().truth("select", 100, 64) / MadeUp().truth("epoll", 100, 64)
    assert low < truth < high
    assert value == pytest.approx((low * high) ** 0.5, rel=0.001)
    assert len(pairs) == 6


def test_each_strategy_shows_its_code_and_its_nearest_neighbour(usual: str) -> None:
    folder_less = usual.split('id="strategies"')[1]
    assert "Its code is none of this project" in folder_less  # a made-up command is no module of servers/


def test_a_command_outside_of_servers_shows_no_file(tmp_path: Path) -> None:
    from analysis.report import code

    run = {"strategies": {
        "loop": {"command": "{python} -m servers.readiness.poll_loop {options}", "family": "readiness"},
        "other": {"command": "{python} -m servers.readiness.epoll_loop {options}", "family": "readiness"},
        "apart": {"command": "{python} -m servers.blocking", "family": "one"},
        "up": {"command": "{python} -m servers...harness.disk"}, "none": {"command": "cat /etc/passwd"},
    }}  # fmt: skip
    assert code.source(run, "loop") == ROOT / "servers/readiness/poll_loop.py"
    assert code.source(run, "up") is None
    assert code.source(run, "none") is None
    assert code.neighbour(run, "loop", list(run["strategies"])) == "other"
    assert code.neighbour(run, "apart", list(run["strategies"])) == ""
    assert "<script" not in code.highlighted(ROOT / "servers/blocking.py")


def test_a_run_of_one_strategy_has_no_order_and_no_ratio(tmp_path: Path) -> None:
    text = Seen(rendered(MadeUp(capacity={"epoll": 1e5}, groups=[(100, 64)], blocks=3, rounds=1).write(tmp_path))).text
    assert re.search(r"With echo, 100 clients, 64 B: epoll, [\d.]+k requests a second", text)
    assert "share the first rank" not in text


def test_a_run_in_which_all_failed_says_so(tmp_path: Path) -> None:
    records = [failure(name, status="failed", reason="it died", clients=10) for name in ("epoll", "poll")]
    text = Seen(rendered(folder_of(tmp_path, records))).text
    assert "epoll, poll: failed (it died)." in text
    assert "2 blocks" not in text


def test_a_run_without_anything_says_so(tmp_path: Path) -> None:
    assert "Nothing was measured." in Seen(rendered(folder_of(tmp_path, []))).text


def test_an_interrupted_run_with_a_cut_line_says_both(tmp_path: Path) -> None:
    folder = MadeUp(capacity={"epoll": 1e5, "poll": 9e4}, groups=[(10, 64)], blocks=2, rounds=1).write(tmp_path)
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(run | {"outcome": "interrupted", "finished_at": None}))
    lines = (folder / "windows.jsonl").read_text()
    (folder / "windows.jsonl").write_text(lines[:-40])
    text = Seen(rendered(folder)).text
    assert "This run is not complete: interrupted." in text
    assert "the last record of windows.jsonl is incomplete and left out" in text


def test_loads_with_a_rate_of_their_own_have_charts(tmp_path: Path) -> None:
    latencies = [1e6, 2e6, 3e6] * 500
    records = [at_rate("epoll", rate, block=block, latencies=latencies) for rate in (500, 2000) for block in range(2)]
    data = told(Seen(rendered(folder_of(tmp_path, records))))
    assert [sweep["name"] for sweep in data["sweeps"]] != []
    assert {chart["column"] for sweep in data["sweeps"] for chart in sweep["charts"]} >= {"p50_us", "p99_us"}


def test_zero_replies_break_nothing(tmp_path: Path) -> None:
    records = [window(name, block=block, requests=0, replies=0, server_cpu_s=0.0) for name in ("epoll", "poll")
               for block in range(2)]  # fmt: skip
    assert "epoll" in Seen(rendered(folder_of(tmp_path, records))).text


def test_it_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path, [failure("epoll", clients=10)])
    results = read(folder)
    table = tabulate(results)
    (folder / "report.html").write_text("before")

    def breaks(*_: Any) -> str:
        raise OSError("full")

    monkeypatch.setattr(page, "render", breaks)
    with pytest.raises(OSError, match="full"):
        page.write(results, table)
    assert (folder / "report.html").read_text() == "before"
    assert [path.name for path in folder.glob(".report*")] == []


def test_a_loader_that_limits_makes_no_memory_doubtful() -> None:
    cell = {"doubts": (Doubt(doubts.LOADER_LIMITED, "it limits"),)}
    assert doubts.touching(cell, "throughput_rps")
    assert not doubts.touching(cell, "memory_per_connection_kib")
