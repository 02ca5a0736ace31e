"""What the host and control groups took from a run's blocks: recorded for each, and a note where it is much."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from harness import notes
from harness.plan import plan, selection
from harness.plan.plan import Overrides
from harness.recorder import Recorder
from tests.support.project import CONFIG


@pytest.mark.parametrize(
    ("steal_s", "throttled", "noted"),
    [
        (0.1, 0, []),
        (0.1, None, []),
        (0.6, 0, [notes.stolen()]),
        (0.0, 1, [notes.throttled()]),
        (5.0, 9, [notes.stolen(), notes.throttled()]),
    ],
)
def test_much_of_it_is_a_note_once(tmp_path: Path, steal_s: float, throttled: int | None, noted: list[Any]) -> None:
    made = plan.make(CONFIG, selection.select(CONFIG, "epoll"), "quick", Overrides())
    recorder = Recorder(tmp_path, made, [])
    found = {"cpu_s": 10.0, "steal_s": steal_s, "throttled": throttled}
    for _ in range(2):
        recorder.surroundings(found)
    recorder.finish("complete")
    run = json.loads((recorder.folder / "run.json").read_text())
    assert run["surroundings"] == [found, found]
    assert run["notes"] == [asdict(note) for note in [*made.notes, *noted]]
