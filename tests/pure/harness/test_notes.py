"""Notes are values; their sentences are the same in the terminal and in what is made of the files."""

import ast
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from analysis.records.reading import read
from harness import notes
from harness.notes import Note
from tests.support.made_up import MadeUp
from tests.support.project import ROOT

EVERY_KIND = (
    notes.left_out(["gevent", "log"], 60.0),
    notes.shared_cpu(),
    notes.in_turn("echo, 10,000 clients", 1, ""),
    notes.attached({"web@attached": "192.0.2.7:9000"}),
    notes.crowded_loader(2, 1),
    notes.not_committed(["servers/two.py"]),
    notes.unchanged(["servers/", "bench.toml"], "main"),
    notes.elsewhere(["harness/", "axes/"], "main", ["servers/", "bench.toml"]),
    notes.not_in_base(["three"], "main"),
    notes.python_loop("no C compiler"),
    notes.not_counted(),
    notes.fewer_rounds(3, 300.0, "default"),
    notes.stolen(),
    notes.throttled(),
    notes.bad_end("epoll", "ignored SIGTERM and was killed"),
    notes.not_frozen("epoll"),
    notes.grew_while_frozen("epoll"),
    notes.left_to_rest("threading"),
    notes.short_queue("small", "listens with a queue of 5"),
    notes.owner_unknown("theirs"),
    notes.queues_unknown("Protocol not supported"),
    notes.of_workers("turned away: at 192.0.2.9: it speaks no Locust"),
    notes.lost_window(1, "the clock of two jumped by +3 s"),
    notes.lost_workers(
        ["two (192.0.2.2)"], 1, "two left: it was interrupted; its clients are lost, and 1 worker left", 1
    ),
    notes.lost_server("web", "192.0.2.2:9001", 1, "nobody answers at 192.0.2.2:9001: connection refused"),
    notes.loader_failed("the loader ended with -9"),
)


def test_they_read_as_sentences() -> None:
    assert [str(note) for note in EVERY_KIND] == [
        "not in the budget of 60 s, left out: gevent, log; allow more with --budget",
        "servers and load generator share a CPU: they slow each other down; give each a CPU of its own",
        "echo, 10,000 clients: clients are connected to one server at a time: ratios and ranks there are not between "
        "neighbours in time, and hold what the machine did meanwhile; raise `ulimit -Hn`, or free memory, for more at "
        "once",
        "met where somebody else has started them: web@attached at 192.0.2.7:9000: their CPU time, memory and "
        "processes aren't known, they aren't made to stand still, and all blocks meet the same processes; so they have "
        "no rank, and no ratio to servers that are started here; what their latencies are between is in cells.csv",
        "2 load generator processes on 1 CPU: a test of function, not a measurement; take fewer --workers",
        "head is the working tree, with what is not committed: servers/two.py",
        "servers/ and bench.toml are the same at main and now",
        "also different from main: harness/, axes/: only servers/ and bench.toml are compared, and the rest is the "
        "working tree's for both",
        "three: not compared, as main has no such strategy",
        "the load generator's hot loop is Python's: no C compiler; install gcc and run `make setup` anew",
        "how long a handler computes wasn't counted in some blocks: CPU time of the handler and of the mechanism have "
        "no interval; let nothing else run here",
        "blocks took longer than planned: some got fewer than 3 rounds, to end near 300 s; "
        "raise profiles.default.at_most_s",
        "in some blocks more than 5% of the CPU time went to other machines on the host: what is measured then is "
        "slower for it; measure again in a quieter hour",
        "in some blocks the control group had used up its CPU time and stood still: that looks like a slow server; "
        "run without a limit on CPU time",
        "epoll: ignored SIGTERM and was killed",
        "epoll: a process of it is another user's and can't be made to stand still: what it does outside of its "
        "windows is at its neighbours' cost; start it as the user who measures",
        "epoll: its session grew while it stood still: something of it can't be stopped, or is outside of it; its CPU "
        "time may not be all its own; run it in the foreground, with all that it starts",
        "threading: has thousands of threads, and isn't made to stand still but left to rest: to stop and to wake them "
        "all takes longer than a window",
        "small: listens with a queue of 5",
        "theirs: whose processes serve can't be told: they are another user's; start it as the user who measures",
        "how long the servers' listen queues are can't be told here: Protocol not supported",
        "turned away: at 192.0.2.9: it speaks no Locust",
        "a window is lost in block 2: the clock of two jumped by +3 s; it counts as a failure of the load generator's",
        "two (192.0.2.2) is lost in block 2: two left: it was interrupted; its clients are lost, and 1 worker left; "
        "the group's windows that are missing then are failures of the load generator's; the run goes on with 1 worker",
        "web (192.0.2.2:9001) is lost in block 2: nobody answers at 192.0.2.2:9001: connection refused; the run goes "
        "on without it, and asks it again in the next block",
        "the loader ended with -9; it was started again",
    ]


def test_every_kind_is_its_own_and_listed_here() -> None:
    made = [node.name for node in ast.parse((ROOT / "harness/notes.py").read_text()).body
            if isinstance(node, ast.FunctionDef)]  # fmt: skip
    assert len(made) == len({note.kind for note in EVERY_KIND}) == len(EVERY_KIND)


@pytest.mark.parametrize("module", sorted((ROOT / "harness").rglob("*.py")), ids=lambda path: path.stem)
def test_no_note_is_made_elsewhere(module: Path) -> None:
    made = [node.lineno for node in ast.walk(ast.parse(module.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Note"]  # fmt: skip
    assert (made != []) == (module.name == "notes.py")


def test_files_say_what_the_terminal_says(tmp_path: Path) -> None:
    folder = MadeUp(capacity={}, groups=()).write(tmp_path)
    odd = Note("odd", "a; b: c", "why: so", "do; this")  # nothing takes them apart
    told = [*EVERY_KIND, odd]
    described = json.loads((folder / "run.json").read_text()) | {"notes": [asdict(note) for note in told]}
    (folder / "run.json").write_text(json.dumps(described))
    assert read(folder).notes == [str(note) for note in told]
