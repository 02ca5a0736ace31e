"""What doctor makes of its findings and measurements: what is kept, what is said, which ceiling is of use."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from analysis import noise
from analysis.noise import Noise
from harness import machine
from harness.config import ConfigError
from harness.doctor import doctor, findings
from harness.doctor.ceiling import Point
from harness.doctor.doctor import Diagnosis, Extent
from harness.doctor.findings import OtherUse
from tests.support.machines import QUIET, SOUND
from tests.support.project import CONFIG


@pytest.mark.parametrize(
    ("found", "ok"), [(QUIET, True), (replace(QUIET, block_sd=0.2), False), (replace(QUIET, block_cost_s=50.0), False)]
)
def test_noisy_machine_is_told(found: Noise, ok: bool) -> None:
    assert doctor.noise_finding(found).ok is ok


# --- what is kept ------------------------------------------------------------------------------------------

CEILING = [Point(100, 64, 190_000.0, False), Point(1, 64, 21_000.5, True)]
FOUND = Diagnosis([findings.steal(SOUND), doctor.ceiling_finding(CEILING, "")], "compiled", QUIET, CEILING)


def test_record(tmp_path: Path) -> None:
    record = json.loads(doctor.keep(FOUND, tmp_path).read_text())
    assert set(record) == {"schema", "measured_at", "machine", "loop", "noise", "ceiling", "findings"}
    assert (record["schema"], record["loop"], record["machine"]) == (2, "compiled", machine.facts())
    assert record["ceiling"] == [
        {"clients": 100, "message_size": 64, "requests_per_second": 190_000.0, "lower_bound": False},
        {"clients": 1, "message_size": 64, "requests_per_second": 21_000.5, "lower_bound": True},
    ]
    assert set(record["findings"][0]) == {"name", "ok", "seen", "why", "remedy"}
    assert set(record["noise"]["smallest_difference"]) == {"10", "60", "600"}
    assert [path.name for path in tmp_path.iterdir()] == ["doctor.json"]


def test_ceiling_of_this_machine_and_loop(tmp_path: Path) -> None:
    doctor.keep(FOUND, tmp_path)
    ceiling = doctor.ceiling_for(tmp_path, "compiled")
    assert ceiling is not None
    assert [(point["clients"], point["message_size"]) for point in ceiling] == [(100, 64), (1, 64)]


def test_ceiling_of_another_loop_is_refused(tmp_path: Path) -> None:
    doctor.keep(FOUND, tmp_path)
    assert doctor.ceiling_for(tmp_path, "python") is None


@pytest.mark.parametrize("fact", machine.facts())
def test_ceiling_of_another_machine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fact: str) -> None:
    doctor.keep(FOUND, tmp_path)
    here = machine.facts()
    monkeypatch.setattr(machine, "facts", lambda: here | {fact: "another"})
    assert doctor.ceiling_for(tmp_path, "compiled") is None


@pytest.mark.parametrize("text", [None, "", "[]", '{"schema": 1}', "{"])
def test_no_ceiling_where_there_is_no_sound_file(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "doctor.json").write_text(text)
    assert doctor.ceiling_for(tmp_path, "compiled") is None


def test_ceiling_of_another_schema_is_refused(tmp_path: Path) -> None:
    path = doctor.keep(FOUND, tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 1}))
    assert doctor.ceiling_for(tmp_path, "compiled") is None


def test_unwritable_folder_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="can't be written"):
        doctor.visit(CONFIG, tmp_path / "file" / "results", noise.estimated, Extent())


# --- what is said ------------------------------------------------------------------------------------------


def test_warnings_are_told_with_reason_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    noisy = findings.steal(replace(SOUND, others=OtherUse(2.0, 0.3, 0.0)))
    sound = findings.ports(SOUND)
    doctor.say(Diagnosis([sound, noisy], "compiled", QUIET, CEILING))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert f"ok ports {sound.seen}" in lines
    assert f"warning steal {noisy.seen}" in lines
    assert f"why: {noisy.why}" in lines
    assert f"remedy: {noisy.remedy}" in lines
    assert "100 64 B 190,000 requests/s" in lines
    assert "1 64 B at least 21,000 requests/s" in lines
    assert f"why: {sound.why}" not in lines


def test_lower_bound_is_told_as_such() -> None:
    assert "at least 21,000 requests/s" in doctor.ceiling_finding(CEILING[1:], "").seen
