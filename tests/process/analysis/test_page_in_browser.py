"""The page of a run in a real browser: what it asks for, what it lets run, and what one can do with it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.gate.result import examine
from analysis.records.reading import read
from tests.support.browser import MISSING, Browser
from tests.support.made_up import MadeUp, MadeUpGate
from tests.support.pages import rendered

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
CAPACITY = {"blocking": 15_500.0, "select": 88_000.0, "epoll": 118_000.0, "asyncio": 57_000.0, "uvloop": 104_000.0}
FOCUS = "const on = document.activeElement; return on.name || on.parentElement.dataset.column || on.id || on.tagName"
ATTACKS = {"<script>alert(1)</script>": 9e4, "</script><img src=x onerror=alert(1)>": 8e4, "a,b&show=c#": 5e4,
           "w" * 200: 4e4}  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    started = Browser()
    yield started
    started.quit()


def made(folder: Path, run: MadeUp, *, with_pictures: bool = False) -> Path:
    path = folder / "page.html"
    path.write_text(rendered(run.write(folder), with_pictures=with_pictures))
    return path


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    groups = [(1, 64), (100, 64), (100, 1024)]
    run = MadeUp(capacity=CAPACITY, groups=groups, blocks=3, rounds=1, window_noise=0.05)
    return made(tmp_path_factory.mktemp("usual"), run, with_pictures=True)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = MadeUp(capacity=ATTACKS, groups=[(10, 64)], blocks=2, rounds=1)
    return made(tmp_path_factory.mktemp("hostile"), run)


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core, from where AXE_CORE says (`npm install axe-core` has an axe.min.js)."""
    named = os.environ.get("AXE_CORE")
    if not named:
        pytest.skip("axe-core isn't here: name its axe.min.js in AXE_CORE")
    return Path(named).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def opened(browser: Browser, usual: Path) -> Browser:
    """The usual page, opened once: a test goes to the view that it begins with."""
    browser.open(usual)
    return browser


def rows(browser: Browser, column: str) -> list[str]:
    return browser.texts(f".cells tbody .of-{column}")


def rates(browser: Browser) -> list[float]:
    script = "return [...document.querySelectorAll('.cells tbody .of-rate')].map(cell => Number(cell.dataset.order))"
    found: list[float] = browser.run(script)
    return found


# --- how it behaves --------------------------------------------------------------------------------------------------


def test_a_column_sorts_up_and_down_and_as_it_was(opened: Browser) -> None:
    opened.go()
    before = rows(opened, "rate")
    opened.click('th[data-column="rate"] button')
    rising = rates(opened)
    assert rising == sorted(rising)
    assert opened.run("return document.querySelector('[data-column=rate]').getAttribute('aria-sort')") == "ascending"
    opened.click('th[data-column="rate"] button')
    assert rates(opened) == rising[::-1]
    assert opened.view == "#sort=-rate"
    opened.click('th[data-column="rate"] button')
    assert (rows(opened, "rate"), opened.view) == (before, "")


@pytest.mark.parametrize("view", ["#sort=rank", "#sort=-rank"])
def test_what_has_no_figure_is_last_either_way(view: str, opened: Browser) -> None:
    opened.go(view)
    ranks = rows(opened, "rank")
    last = ranks.count("unranked")
    assert 0 < last < len(ranks)
    assert ranks[-last:] == ["unranked"] * last


def test_rows_are_filtered_by_words_and_by_doubt(opened: Browser) -> None:
    opened.go()
    opened.run("document.getElementById('filter').focus()")
    opened.press("epoll 1 KiB")
    opened.settle()
    assert rows(opened, "size") == ["1 KiB"]
    assert opened.texts("#count") == ["1 of 15 rows"]
    assert opened.view == "#filter=epoll+1+KiB"
    opened.go("#sure=1")
    assert 0 < len(rows(opened, "size")) < 15
    assert "starvation" not in " ".join(rows(opened, "limit"))


def test_a_ratio_to_a_doubtful_reference_says_why_below_its_row(opened: Browser) -> None:
    opened.go()
    assert opened.texts(".of-reference") == []
    opened.go("#ref=blocking")
    said = opened.texts('[data-entry="2"] .of-reference')
    assert len(said) == 2  # at a hundred clients
    assert all(one.startswith("ratio: the reference, blocking, is doubtful: clients starved (") for one in said)
    assert opened.texts('[data-entry="0"] .of-reference') == []
    opened.go("#ref=select")
    assert opened.texts(".of-reference") == []


def test_the_reference_is_chosen_in_the_list_or_in_a_chart(opened: Browser) -> None:
    opened.go()
    assert opened.texts("#figures figcaption")[1].startswith("Ratio to epoll")
    opened.click('input[name="reference"][value="select"]')
    assert opened.texts("#figures figcaption")[1].startswith("Ratio to select")
    assert opened.texts('[data-entry="1"] .of-ratio') == ["1.00"] * 3
    assert opened.texts('[data-entry="2"] .of-ratio')[1].startswith("1.")
    assert opened.texts("#said") == ["Ratios are to select."]
    label = opened.run(
        "const one = [...document.querySelectorAll('#figures text')].find(one => one.textContent === 'uvloop');"
        "one.scrollIntoView({block: 'center', behavior: 'instant'}); return one"
    )
    label.click()
    opened.settle()
    assert opened.view == "#ref=uvloop"


def test_strategies_are_shown_and_left_out(opened: Browser) -> None:
    opened.go()
    opened.click('input[name="show"][value="epoll"]')
    names = opened.texts("#figures figure:first-child text")
    assert "select" in names
    assert "epoll" not in names
    opened.click('[data-show="none"]')
    assert opened.view == "#show="
    opened.click('[data-show="all"]')
    assert opened.view == ""


def test_a_link_leads_to_its_view(opened: Browser) -> None:
    opened.go("#show=epoll,uvloop&ref=uvloop&draw=size&at=0&sort=-cpu&filter=epoll&sure=1")
    checked = "return [...document.querySelectorAll(`input[name=${arguments[0]}]:checked`)].map(one => one.value)"
    assert opened.run(checked, "show") == ["epoll", "uvloop"]
    assert opened.run(checked, "reference") == ["uvloop"]
    assert opened.run(checked, "sweep") == ["size"]
    assert opened.run("return document.getElementById('at').value") == "0"
    assert set(opened.texts(".cells tbody th")) == {"epoll"}
    opened.run("location.hash = '#method'")  # a place on the page leaves the view as it is
    opened.settle()
    assert opened.run(checked, "reference") == ["uvloop"]


@pytest.mark.parametrize("view", ["#draw=none&ref=nobody&at=9&sort=x", "#show=%E0%A4%A", "#=&&&"])
def test_a_damaged_link_leads_to_the_usual_view(view: str, opened: Browser) -> None:
    opened.go(view)
    assert len(rows(opened, "size")) == 15
    assert opened.run("return document.querySelectorAll('input[name=show]:checked').length") == len(CAPACITY)
    assert opened.logged() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(scheme: str, opened: Browser, axe: str) -> None:
    opened.prefer(scheme)
    opened.go()
    opened.run("for (const one of document.querySelectorAll('details')) one.open = true")
    opened.run(axe)
    found = opened.driver.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(({violations}) => done("
        "violations.map(({id, impact, nodes}) => [impact, id, nodes.slice(0, 2).map(one => one.html.slice(0, 200))])))"
    )
    opened.prefer("light")
    assert [one for one in found if one[0] in ("serious", "critical")] == []


def test_a_narrow_page_is_no_wider_than_its_screen(opened: Browser) -> None:
    opened.wide(390)
    assert opened.run("return document.documentElement.scrollWidth") <= 390
    opened.wide()


# --- what it lets happen: each opens it anew -------------------------------------------------------------------------


def test_it_is_used_by_keyboard_alone(browser: Browser, usual: Path) -> None:
    browser.open(usual)
    browser.press("TAB")
    assert browser.run("return document.activeElement.className") == "skip"
    seen: list[Any] = []
    while len(seen) < 60 and seen[-1:] != ["rate"]:
        browser.press("TAB")
        seen.append(browser.run(FOCUS))
        if seen[-1] == "show" and seen.count("show") == 1:
            browser.press("SPACE")
        if seen[-1] == "reference":
            browser.press("ARROW_DOWN")
    browser.press("ENTER")
    browser.settle()
    assert {"sweep", "show", "reference", "at", "filter", "sure", "rate"} <= set(seen)
    assert {part.partition("=")[0] for part in browser.view[1:].split("&")} == {"show", "ref", "sort"}


@pytest.mark.parametrize("which", ["usual", "hostile"])
def test_it_asks_for_nothing_complains_of_nothing_and_draws(
    which: str, browser: Browser, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(which)
    browser.open(path)
    assert browser.run("return document.querySelectorAll('.chart svg').length") == 6
    assert browser.logged() == []
    assert [url for url in browser.requested() if url != path.as_uri()] == []


def test_a_name_that_is_an_attack_is_a_name(browser: Browser, hostile: Path) -> None:
    browser.open(hostile)
    assert set(browser.texts("tbody .name")) == set(ATTACKS)
    browser.click('input[name="reference"][value="a,b&show=c#"]')
    browser.click('input[name="show"]')
    shared = browser.run("return location.hash")
    browser.wide(390)
    browser.open(hostile, shared)
    assert browser.run("return document.querySelectorAll('input[name=show]:checked').length") == len(ATTACKS) - 1
    assert browser.texts("#figures figcaption")[1].startswith("Ratio to a,b&show=c#")
    assert browser.run("return document.documentElement.scrollWidth") <= 390
    assert browser.logged() == []
    browser.wide()


def test_nothing_else_runs_and_nothing_is_loaded(browser: Browser, usual: Path) -> None:
    browser.open(usual)
    blocked = browser.driver.execute_async_script("""
        const done = arguments[0], found = [];
        document.addEventListener("securitypolicyviolation", (event) => found.push(event.effectiveDirective));
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        const picture = new Image();
        picture.src = "http://127.0.0.1:9/x.png";
        document.body.append(script, picture);
        fetch("http://127.0.0.1:9/").catch(() => 0);
        const wait = () => found.length < 3 ? setTimeout(wait, 10) : done([window.ran === undefined, ...found.sort()]);
        wait();
    """)
    assert blocked == [True, "connect-src", "img-src", "script-src-elem"]


def test_of_a_gate_what_was_shown_is_told_from_the_rest(browser: Browser, tmp_path: Path) -> None:
    run = MadeUpGate(throughput={"epoll": 0.9, "poll": 1.1, "select": 1.0}, noise=0.01).write(tmp_path)
    (tmp_path / "page.html").write_text(rendered(run, examine(read(run))))
    browser.open(tmp_path / "page.html")
    assert len(browser.texts(".changes tbody th")) > 2
    browser.click("#shown-only")
    assert browser.texts(".changes tbody th") == ["epoll", "poll"]
    assert browser.view == "#shown=1"
    assert browser.logged() == []


def test_without_scripts_pictures_and_table_remain(browser: Browser, usual: Path) -> None:
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.driver.get("about:blank")
    browser.driver.get(usual.as_uri())
    snapshot = browser.command("DOMSnapshot.captureSnapshot", computedStyles=[])
    browser.command("Emulation.setScriptExecutionDisabled", value=False)
    (document,) = snapshot["documents"]
    shown = [snapshot["strings"][document["nodes"]["nodeName"][node]] for node in document["layout"]["nodeIndex"]]
    assert shown.count("IMG") == 11  # five charts along clients, five along sizes, and the spectrum
    assert shown.count("TR") > 15
    assert shown.count("INPUT") == 0


@pytest.mark.parametrize("place", ["table", "method"])
def test_a_place_on_the_page_is_where_a_link_to_it_ends(place: str, browser: Browser, usual: Path) -> None:
    browser.open(usual, f"#{place}")
    top = browser.run("return document.getElementById(arguments[0]).getBoundingClientRect().top", place)
    assert 0 <= top < 100
