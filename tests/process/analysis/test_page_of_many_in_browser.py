"""The page of forty strategies in a real browser, and the table's choices: what is shown, folded, narrowed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import MISSING, Browser
from tests.support.made_up import MadeUp
from tests.support.pages import rendered

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
MANY = {f"way{family}-{member}": 9e4 - 2e3 * family - 500 * member for family in range(14) for member in range(3)}
FAMILIES = {name: name.split("-")[0] for name in MANY}
TEXTS = """
    const boxes = [...document.querySelectorAll('#figures figure:first-child svg text')]
        .filter((one) => one.textContent).map((one) => [one.textContent, one.getBoundingClientRect()]);
    const beside = (a, b) => a.right - 1 <= b.left || b.right - 1 <= a.left;
    const meets = (a, b) => !beside(a, b) && a.top + 3 < b.bottom && b.top + 3 < a.bottom;
    return boxes.flatMap(([name, a], place) =>
        boxes.slice(place + 1).filter(([, b]) => meets(a, b)).map(([other]) => [name, other]))"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    run = MadeUp(capacity=MANY, families=FAMILIES, groups=[(1, 64), (100, 64), (100, 1024)], blocks=2, rounds=1)
    (folder / "page.html").write_text(rendered(run.write(folder)))
    return folder / "page.html"


@pytest.fixture(scope="module")
def opened(page: Path) -> Iterator[Browser]:
    browser = Browser()
    browser.open(page)
    yield browser
    browser.quit()


def names(browser: Browser) -> list[str]:
    """Who is named at the ends of the first chart's lines."""
    return [text for text in browser.texts("#figures figure:first-child svg text") if text in MANY]


def test_one_of_each_family_is_shown_at_first_and_the_table_says_of_how_many(opened: Browser) -> None:
    opened.go()
    assert sorted(FAMILIES[name] for name in names(opened)) == sorted(set(FAMILIES.values()))
    assert opened.logged() == []
    assert opened.texts("#count") == ["42 of 126 rows"]
    opened.click("#chosen")
    assert (opened.texts("#count"), opened.view) == (["126 of 126 rows"], "#everyone=1")


def test_a_family_is_opened_and_chosen_by_a_click(opened: Browser) -> None:
    opened.go()
    closed = {"way3-0", "way3-1", "way3-2"} & set(opened.texts(".list .name"))
    assert len(closed) == 1
    opened.click('[data-family="way3"] button')
    assert {"way3-0", "way3-1", "way3-2"} <= set(opened.texts(".list .name"))
    opened.click('[data-family="way3"] [name="family"]')
    assert {"way3-0", "way3-1", "way3-2"} <= set(names(opened))
    assert opened.texts('[data-family="way3"] .many') == ["3 of 3"]
    opened.click('[data-family="way3"] button')
    opened.click('[data-show="usual"]')
    assert opened.view == ""


@pytest.mark.parametrize("shown", ["usual", "all"])
def test_nothing_is_written_over_anything_else(shown: str, opened: Browser) -> None:
    opened.go()
    opened.click(f'[data-show="{shown}"]')
    assert len(names(opened)) == {"usual": 14, "all": 42}[shown]
    assert opened.run(TEXTS) == []


def test_at_one_load_each_has_a_row(opened: Browser) -> None:
    opened.go()
    value = opened.run("return document.getElementById('point').options[2].value")
    opened.go(f"#draw={value}&show=way0-0,way1-0")
    assert opened.run("return document.getElementById('point').value") == value
    assert sorted(names(opened)) == ["way0-0", "way1-0"]
    assert opened.texts("#figures figure:first-child svg text").count("number of clients") == 0


def test_rows_are_chosen_by_an_axis_and_linked_to(opened: Browser) -> None:
    opened.go("#in-clients=100&in-message_size=1 KiB")
    assert opened.texts("#count") == ["14 of 126 rows"]
    assert set(opened.texts(".cells tbody .of-size")) == {"1 KiB"}
    opened.run(
        "const list = document.querySelector('[data-axis=clients]'); list.value = '1';"
        "list.dispatchEvent(new Event('change'))"
    )
    opened.settle()
    assert opened.texts("#count") == ["0 of 126 rows"]
    opened.go("#in-clients=7")
    assert opened.texts("#count") == ["42 of 126 rows"]


def test_the_strategies_that_are_chosen_are_those_of_the_table(opened: Browser) -> None:
    opened.go("#show=way5-1")
    assert opened.texts("#count") == ["3 of 126 rows"]
    assert set(opened.texts(".cells tbody th")) == {"way5-1"}


def test_on_paper_the_table_is_whole_unless_somebody_has_chosen(opened: Browser) -> None:
    for view, rows in (("", 126), ("#show=way5-1", 3), ("#in-clients=1", 42)):
        opened.go(view)
        opened.command("Emulation.setEmulatedMedia", media="print")
        printed = opened.texts(".cells tbody th")
        opened.command("Emulation.setEmulatedMedia", media="")
        assert len(printed) == rows, view


def test_where_nobody_is_chosen_one_line_says_so(opened: Browser) -> None:
    opened.go()
    opened.click('[data-show="none"]')
    assert opened.texts(".nobody") == ["No strategy is chosen."] * 2
    assert opened.texts("figcaption") == []
    opened.click('[data-show="usual"]')
    assert opened.texts(".nobody") == []


def test_the_head_and_the_names_of_the_table_stay_in_sight(opened: Browser) -> None:
    opened.go("#everyone=1")
    opened.wide(390)
    inside = opened.run(
        "const box = document.querySelector('.tall'); box.scrollTo(300, 400); const at = box.getBoundingClientRect();"
        "const head = document.querySelector('.cells thead th').getBoundingClientRect();"
        "const name = [...document.querySelectorAll('.cells tbody th')][30].getBoundingClientRect();"
        "return [box.scrollTop, Math.abs(head.top - at.top) < 2, Math.abs(name.left - at.left) < 2]"
    )
    opened.wide()
    opened.go()
    assert inside == [400, True, True]


def test_on_a_narrow_screen_the_figures_at_the_ends_stand_below(opened: Browser, page: Path) -> None:
    opened.wide()
    opened.open(page)
    assert opened.texts(".ends") == []
    opened.wide(390)
    opened.open(page, "#show=way0-0,way13-0")
    (first, *_) = opened.texts(".ends")
    opened.wide()
    opened.open(page)
    assert first.startswith("At the end of each line: way0-0 ")
    assert "way13-0" in first
