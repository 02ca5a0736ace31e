"""What the page says of how to repeat a run: which revision, which command, and what no option asks for."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis import compare
from analysis.records.reading import Results, read
from analysis.report import repeat
from tests.support.made_up import SETTINGS, MadeUp, folder_of, window
from tests.support.pages import rendered

ALONE = {"capacity": {"epoll": 1e5}, "groups": [(10, 64)], "blocks": 2, "rounds": 1}


def made_up(folder: Path, **told: Any) -> Results:
    """A run whose run.json says this too."""
    MadeUp(**ALONE).write(folder)
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(run | told))
    return read(folder)


def cut(folder: Path, **told: Any) -> Results:
    """A run that got a round less in one of three blocks."""
    records = [window("epoll", block=block, round=round_, started_ns=10 * block + round_)
               for block, rounds in enumerate([2, 2, 1]) for round_ in range(rounds)]  # fmt: skip
    return read(folder_of(folder, records, **told))


@pytest.mark.parametrize(
    ("revision", "first"),
    [("1a2b-dirty", "git checkout 1a2b"), ("1a2b", "git checkout 1a2b"), (None, "make setup"),
     ("$(reboot)", "git checkout '$(reboot)'")],
)  # fmt: skip
def test_the_command_begins_at_the_revision(revision: str | None, first: str) -> None:
    lines = repeat.command({"revision": revision, "command": ["run_bench.py", "--seed", "2"]}).splitlines()
    assert lines[0] == first
    assert lines[-2:] == ["make setup", ".venv/bin/python run_bench.py --seed 2"]


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"revision": None, "started_at": "2026-11-22T20:30:00"}, "which revision of the project it ran wasn't "
         "recorded; what was committed at 2026-11-22 is nearest."),
        ({"revision": "1a2b-dirty"}, "what ran had changes that no commit has, so this revision is near it and not "
         "the same."),
        ({"revision": "1a2b", "command": ["run_bench.py", "--bench", "mine.toml"]}, "The file behind --bench is a part "
         "of it, and has to be as it was."),
        ({"variants": {"base": {"asked": "main", "revision": "3c4d"}}}, "base was main, which stood at 3c4d then."),
    ],
)  # fmt: skip
def test_what_the_command_cannot_say_is_said(told: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    assert sentence in list(repeat.said(made_up(tmp_path, **told)))


def test_of_a_clean_revision_there_is_nothing_to_say_but_how_much_was_done(tmp_path: Path) -> None:
    (only,) = repeat.said(made_up(tmp_path, revision="1a2b", rounds=1, profile="default"))
    assert only.startswith("It did 2 blocks, in each 1 round of a load. No option asks for these numbers")
    assert "at_most_s" not in only


def test_rounds_that_were_cut_by_time_are_counted_and_said_to_be_so(tmp_path: Path) -> None:
    results = cut(tmp_path, rounds=2, profile="quick")
    *_, last = repeat.said(results)
    assert last.startswith("It did 3 blocks, in each 1 to 2 rounds of a load.")
    assert "these got 2 rounds 2 times, 1 round 1 times; 2 were planned." in repeat.done(results)
    assert (
        "How many rounds a block gets depends on how long the ones before it took; at_most_s of [profiles.quick]"
        in last
    )
    assert repeat.AGAIN in last


@pytest.mark.parametrize("told", [{"gate": SETTINGS["gate"]}, {"precision": {"widened": 1.2}}])
def test_where_blocks_went_on_until_figures_were_sure_it_says_so(told: dict[str, Any], tmp_path: Path) -> None:
    *_, last = repeat.said(made_up(tmp_path, **told))
    assert "Blocks go on until figures are sure or the time is up" in last


def test_blocks_are_those_that_were_measured(tmp_path: Path) -> None:
    results = made_up(tmp_path, blocks=6)
    assert repeat.done(results).startswith("There were 2 blocks of 6 planned.")
    assert "in 2 blocks, each with fresh server processes" in rendered(tmp_path)


def test_a_run_without_windows_has_nothing_to_count(tmp_path: Path) -> None:
    assert repeat.done(read(folder_of(tmp_path, []))) == "There are no blocks and no rounds."


def test_the_page_says_it_beside_the_command(tmp_path: Path) -> None:
    made_up(tmp_path, revision="1a2b-dirty")
    there = rendered(tmp_path).partition("To repeat it")[2].partition("</dd>")[0]
    assert "git checkout 1a2b\n" in there
    assert "<p>What ran had changes that no commit has" in there


def test_two_runs_are_repeated_each_by_its_own_command(tmp_path: Path) -> None:
    for name, revision in (("one", "1a2b"), ("two", "3c4d")):
        made_up(tmp_path / name, revision=revision, run_id=name, command=["run_bench.py", "--seed", name])
    run = compare.compare(str(tmp_path / "one"), str(tmp_path / "two"), SETTINGS["gate"]).results.run
    told = repeat.command(run)
    assert told.split("\n\n") == [
        f"# {side}\ngit checkout {revision}\nmake setup\n.venv/bin/python run_bench.py --seed {name}"
        for side, revision, name in (("A", "1a2b", "one"), ("B", "3c4d", "two"))
    ]
