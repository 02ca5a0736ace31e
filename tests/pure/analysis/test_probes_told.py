"""What is said of probes: figures over their blocks, failures by their reasons, and who is worth a sentence."""

import json
from io import StringIO
from pathlib import Path

from rich.console import Console

from analysis.judging.cells import tabulate
from analysis.judging.probes import Place, found, sentences
from analysis.records.reading import Results, read
from analysis.report import page
from analysis.tables import probes as table
from harness.probes.form import Row
from tests.support.made_up import folder_of, window

ASKED = [Row("shared_state", case, "asked", 800, "updates") for case in ("threads", "a loop", "forks")]
LOST = [
    Row("shared_state", "threads", "lost", 12, "updates"),
    Row("shared_state", "threads", "lost", 31, "updates", block=1),
    Row("shared_state", "a loop", "lost", 0, "updates"),
    Row("shared_state", "forks", "lost", 800, "updates"),
    Row("shared_state", "forks", "alone", 8, "clients"),
]
OTHERS = [
    Row("restart", "without", "seconds", 60.1, "s", strategy="blocking"),
    Row("restart", "without", "refused", 240, "binds", strategy="blocking"),
    Row("backlog", "listen(5)", "asked", 25, "connections"),
    Row("backlog", "listen(5)", "established", 6, "connections"),
    Row("backlog", "listen(5)", "resent", 1.02, "s"),
    Row("anatomy", "its code", "statements", 30, "statements", strategy="<b>"),
    Row("anatomy", "its code", "names", 34, "names", strategy="<b>"),
    Row("anatomy", "1 client", "system_calls", None, failure="strace is missing", strategy="<b>"),
]


def results(tmp_path: Path, rows: list[Row]) -> Results:
    made = folder_of(tmp_path, [window("epoll")])
    (made / "probes.jsonl").write_text("".join(json.dumps(row.record) + "\n" for row in rows))
    return read(made)


def test_who_loses_updates_is_said_and_who_loses_none_is_not(tmp_path: Path) -> None:
    said = list(sentences(found(results(tmp_path, ASKED + LOST))))
    assert said == [
        "Shared state: threads lose 12 \N{EN DASH} 31 of 800 updates.",
        "Shared state: forks share none; each counts alone (of 800 updates in all).",
    ]


def test_a_port_that_was_refused_and_a_full_queue_are_said(tmp_path: Path) -> None:
    assert list(sentences(found(results(tmp_path, OTHERS)))) == [
        "Restart: the port that blocking left in TIME_WAIT could be bound without SO_REUSEADDR after 60.1 s.",
        "Backlog: listen(5) admitted 6 of 25 connections; a SYN was sent again after 1.02 s.",
    ]


def test_what_was_cut_short_is_said_as_far_as_it_goes(tmp_path: Path) -> None:
    """Interrupted after each of its rows."""
    for rows in range(len(ASKED + LOST + OTHERS)):
        list(sentences(found(results(tmp_path, (ASKED + LOST + OTHERS)[:rows]))))
    (only,) = sentences(found(results(tmp_path, OTHERS[2:4])))
    assert only == "Backlog: listen(5) admitted 6 of 25 connections."


def test_a_probe_that_could_not_be_tried_says_why(tmp_path: Path) -> None:
    told = found(results(tmp_path, OTHERS))
    assert told[Place("anatomy", "<b>", "1 client")].in_words == "strace is missing"
    assert told[Place("anatomy", "<b>", "its code")].in_words == "statements 30, names 34"


def test_terminal_and_page_have_every_place(tmp_path: Path) -> None:
    known = results(tmp_path, ASKED + LOST + OTHERS)
    text = StringIO()
    table.render(known, Console(file=text, width=120))
    html = page.render(known, tabulate(known))
    for place in found(known):
        assert place.case in text.getvalue()
        assert place.case in html
    assert "&lt;b&gt;" in html
    assert "<bdi><b></bdi>" not in html


def test_a_run_without_probes_has_no_section(tmp_path: Path) -> None:
    assert 'id="probes"' not in page.render(read(folder_of(tmp_path, [window("epoll")])), tabulate(read(tmp_path)))
