"""A sitting: a benchmark of the benchmark leaves its line, with the noise of that hour."""

import json
from pathlib import Path

import pytest

from analysis.noise import estimated
from benchmarks import proofs, sitting
from benchmarks.sitting import Figure
from harness.processes.server import ServerFailed

CLAIM = """\
[made-up]
sentence = "Nothing is lost."
unit = "share"
bounds = "range of the runs"
refuted = "a loss"
command = "python -m benchmarks.made_up --record"
minutes = 2
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The newest sitting stands first, and the middle one knows a range only."""
    (tmp_path / "proofs.toml").write_text(CLAIM)
    sittings = [
        ("2025-12-03T10:00+00:00", [{"of": "a", "value": 0.3, "low": 0.1, "high": 0.9, "n": 4}]),
        ("2025-12-01", [{"of": "a", "value": 0.2}, {"of": "b", "value": 0.5}]),
        ("2025-12-02", [{"of": "a", "value": None, "low": 0.25, "high": 0.4}]),
    ]
    told = [
        {"claim": "made-up", "at": at, "commit": None, "command": None, "machine": {}, "hour": None, "took_s": None,
         "said": "calm", "figures": figures}
        for at, figures in sittings
    ]  # fmt: skip
    (tmp_path / "made-up.jsonl").write_text("".join(json.dumps(one) + "\n" for one in told))
    return tmp_path


def test_a_benchmark_appends_its_own_line(folder: Path) -> None:
    rates = [[(100.0, 100.0 + at), (101.0, 100.0)] for at in range(4)]
    shown = estimated(rates, 0.2, 1.0).smallest_difference(60)
    assert shown is not None
    figures = [Figure("a", 0.1, n=20)]
    sitting.keep({"made-up": figures}, measure_hour=lambda: {"shown_in_60_s": shown}, folder=folder)
    line = json.loads((folder / "made-up.jsonl").read_text().splitlines()[-1])
    assert list(line) == ["claim", "at", "commit", "command", "machine", "hour", "took_s", "figures"]
    assert line["hour"] == {"shown_in_60_s": shown}
    assert list(line["machine"]) == ["cpu", "cores", "kernel", "python"]
    assert line["took_s"] > 0
    newest = sitting.read("made-up", folder)[-1]
    assert (newest.figures, newest.said) == (figures, None)
    assert f"{shown:.1%}".replace("%", " %") in proofs.document(folder, folder / "proofs.toml")


def test_the_hour_is_measured_as_doctor_measures_it() -> None:
    (shown,) = sitting.hour_now(blocks=2, block_s=0.5).items()
    assert shown[0] == "shown_in_60_s"
    assert 0 < shown[1] < 10


def test_an_hour_that_could_not_be_measured_loses_no_figure(folder: Path) -> None:
    def fails() -> dict[str, float]:
        raise ServerFailed("no port")

    sitting.keep({"made-up": [Figure("b", 0.7)]}, measure_hour=fails, folder=folder)
    newest = sitting.read("made-up", folder)[-1]
    assert (newest.hour, newest.said) == (None, "not measured: no port")


def test_figures_of_another_hour_measure_none(folder: Path) -> None:
    def never() -> dict[str, float]:
        raise AssertionError("it was measured")

    sitting.keep({"made-up": [Figure("b", 0.7)]}, said="that of the recording", measure_hour=never, folder=folder)
    assert sitting.read("made-up", folder)[-1].said == "that of the recording"
