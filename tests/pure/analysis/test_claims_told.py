"""Verdicts as people read them: the page, the terminal, the charts, the README's three."""

import re
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from analysis import charts, verdicts
from analysis.claims import words
from analysis.claims.causes import causes
from analysis.claims.picture import placed
from analysis.judging.cells import tabulate
from analysis.records.reading import Results
from analysis.report import page
from analysis.report.essential import MOST
from analysis.tables import claims as table
from docs import kept_trial
from tests.support.claimed import QUIET, claim, point, rule, run_of
from tests.support.made_up import MadeUp

EVIL = "<script>alert(1)</script>"


def by(who: str, other: str, **given: Any) -> dict[str, Any]:
    return rule(who=who, by=other, **given)


@pytest.fixture
def tried(tmp_path: Path) -> Results:
    made = MadeUp(groups=[(clients, 64) for clients in (10, 100, 500)], **QUIET)
    points = [point(clients=clients) for clients in (10, 100, 500)]
    told = {"kind": "along", "axis": "clients", "points": points, "at_least": 1.0}
    return run_of(
        tmp_path,
        claim("fast", by("epoll", "poll", at_least=1.1), text=EVIL, means="It means this.", changes="more CPUs"),
        claim("faster", by("epoll", "poll", at_least=3)),
        claim("passes", rule(who="threading", by="forking", **told)),
        claim("served", rule("starved", who="epoll", kind="count", at_most=0)),
        claim("elsewhere", not_testable="it takes Windows"),
        made=made,
    )  # fmt: skip


def test_the_page_has_each_verdict_behind_a_guess(tried: Results) -> None:
    html = page.render(tried, tabulate(tried))
    section = html[html.index('<section id="claims"') : html.index('<section id="findings"')]
    assert section.count('<details class="claim"><summary>Does it hold here?</summary>') == 5
    found = re.findall(r'<p class="outcome (\w+)"><strong>([^<]+)</strong>', section)
    assert [(looks, verdict.partition(" from")[0]) for looks, verdict in found] == [
        ("better", "HOLDS"), ("worse", "REFUTED HERE"), ("better", "HOLDS"), ("better", "HOLDS"),
        ("hollow", "NOT TESTABLE HERE"),
    ]  # fmt: skip
    assert EVIL not in section
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in section
    assert "It means this." in section
    assert "What would change it: more CPUs." in section
    assert 'class="curve"' in section  # of what is along an axis
    assert "What a request cost" in section
    assert 'href="#claims"' in html


def section_of(results: Results) -> str:
    return page.render(results, tabulate(results)).partition('<section id="claims"')[2].partition("</section>")[0]


def text_of(html: str) -> str:
    return unescape(re.sub("<[^>]*>", "", html))


def test_a_claim_shows_the_lines_that_tell_its_two_strategies_apart(tried: Results) -> None:
    for name in ("epoll", "poll"):
        tried.run["strategies"][name]["command"] = f"{{python}} -m servers.readiness.{name}_loop {{options}}"
    blocks = re.findall(r'<pre class="code".*?</pre>', section_of(tried), re.DOTALL)
    assert len(blocks) == 2  # of fast and faster; the others compare none, or none of this project's servers
    lines = text_of(blocks[0]).splitlines()
    assert 2 <= len(lines) <= MOST
    assert "- self.poll = select.poll()" in lines
    assert any("select.epoll" in line for line in lines if line.startswith("+"))
    assert "servers/readiness/poll_loop.py and servers/readiness/epoll_loop.py." in text_of(section_of(tried))


def test_two_strategies_of_one_file_differ_in_their_commands(tried: Results) -> None:
    for name, more in (("epoll", EVIL), ("poll", "--selector poll")):
        tried.run["strategies"][name]["command"] = f"{{python}} -m servers.readiness.selectors_loop {more}"
    section = section_of(tried)
    assert EVIL not in section
    lines = text_of(re.findall(r'<pre class="code".*?</pre>', section, re.DOTALL)[0]).splitlines()
    assert lines == [
        "- {python} -m servers.readiness.selectors_loop --selector poll",
        f"+ {{python}} -m servers.readiness.selectors_loop {EVIL}",
    ]


@pytest.mark.parametrize("before", [[], ["--only", "fast"], ["--only=fast,served"]])
def test_a_command_tries_one_claim_alone(tried: Results, before: list[str]) -> None:
    tried.run["command"] = ["run_bench.py", "trial", "--claims", "mine.toml", *before, "--profile", "quick"]
    commands = re.findall(r'<pre class="command".*?</pre>', section_of(tried), re.DOTALL)
    told = ".venv/bin/python run_bench.py trial --claims mine.toml --profile quick --only"
    assert [text_of(one) for one in commands[:2]] == [f"{told} fast", f"{told} faster"]
    assert len(commands) == 5 + 1  # and all of them


def test_a_run_without_claims_has_no_such_section(tmp_path: Path) -> None:
    results = run_of(tmp_path)
    html = page.render(results, tabulate(results))
    assert 'id="claims"' not in html
    assert 'href="#claims"' not in html


def test_each_claim_that_was_measured_has_a_picture(tried: Results) -> None:
    cells = tabulate(tried)
    drawn = {name: figure for name, figure in charts(tried, cells).items() if name.startswith("claims-")}
    assert list(drawn) == ["claims-fast", "claims-faster", "claims-passes", "claims-served"]
    assert drawn["claims-faster"].texts[0].get_text() == "REFUTED HERE"
    assert len(drawn["claims-passes"].axes) == 2  # the curve below


def test_pictures_place_a_figure_on_the_side_where_it_is(tried: Results) -> None:
    looks = {one.name: [place.looks for place in placed(one)] for one in verdicts(tried, tabulate(tried))}
    assert looks == {
        "fast": ["better"],
        "faster": ["worse"],
        "passes": ["better"],
        "served": ["better"],
        "elsewhere": [],
    }


def test_what_lies_beyond_the_picture_is_an_arrow_at_its_end(tmp_path: Path) -> None:
    results = run_of(
        tmp_path,
        *(claim(f"by-{end}", by("epoll", "poll", at_least=end)) for end in (0.001, 1000)),
        claim("near", by("epoll", "poll", at_least=1)),
    )
    cells = tabulate(results)
    assert [place.beyond for one in verdicts(results, cells) for place in placed(one)] == [1, -1, 0]
    drawn = charts(results, cells)
    signs = [drawn[name].axes[0].lines[1].get_marker() for name in ("claims-by-0.001", "claims-by-1000", "claims-near")]
    assert signs == [
        ">", "<", "o",
    ]  # fmt: skip
    section = page.render(results, cells).partition('<section id="claims"')[2].partition("</section>")[0]
    assert section.count('class="sign"') == 3
    assert section.count('d="M4,0A4') == 1


def test_the_cause_is_what_the_cells_cost(tried: Results) -> None:
    told = dict(causes(verdicts(tried, tabulate(tried))[0], tried))
    assert list(told) == ["epoll", "poll"]
    assert set(told["epoll"]) >= {"µs of CPU", "limited by"}


def test_the_terminal_says_the_verdict_first(tried: Results) -> None:
    written = StringIO()
    table.render(tried, verdicts(tried, tabulate(tried)), Console(file=written, width=300))
    lines = written.getvalue().splitlines()
    assert lines[:2] == ["HOLDS", f"  fast: {EVIL}"]
    assert lines[2].startswith("    epoll's requests a second by poll's (echo, 100 clients, 64 B): ")
    assert "5 claims: 3 hold, 1 refuted here, 1 not testable here." in lines


def test_the_most_surprising_are_refuted_and_far_from_their_thresholds(tried: Results) -> None:
    kept = kept_trial.told(tried)
    assert next(one["name"] for one in kept_trial.surprising(kept)) == "faster"
    text = kept_trial.documented(f"before\n{kept_trial.BEGIN}old\n<!-- end of what is made -->\nafter\n", kept)
    assert "Of 5 claims 3 hold and 1 is refuted" in text
    assert "- *faster.* **Refuted here** (epoll's requests a second by poll's" in text
    assert text.count("\n- *") == kept_trial.MOST
    assert "\nold\n" not in text


def test_without_a_kept_trial_the_readme_says_nothing_of_one() -> None:
    text = kept_trial.documented(f"before\n{kept_trial.BEGIN}old\n<!-- end of what is made -->\nafter\n", None)
    assert re.sub(r"<!--.*?-->|\s", "", text) == "beforeafter"


def test_the_readme_s_trial_is_fresh() -> None:
    assert kept_trial.README.read_text(encoding="utf-8") == kept_trial.fresh()


def test_ratios_to_one_are_said_in_words(tried: Results) -> None:
    found = verdicts(tried, tabulate(tried))
    assert words.claimed(found[2].rules[0]) == "no less"
    assert words.claimed(found[0].rules[0]) == "at least 1.1 times"
