"""What is claimed of the method, and what was found: records are complete, and docs/proofs.md says what they say."""

from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from benchmarks import hundred_gates, proofs, sitting
from benchmarks.sitting import Figure
from tests.support.sittings import three_sittings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return three_sittings(tmp_path)


def test_the_newest_and_the_range_over_all_sittings(folder: Path) -> None:
    a, b = proofs.found(sitting.read("made-up", folder))
    assert (a.newest.value, a.when.at, a.sittings) == (0.3, "2025-12-03T10:00+00:00", 3)
    assert (a.low, a.high) == (0.2, 0.4)  # the interval of a sitting that has a value is none of it
    assert (b.newest.value, b.when.at, b.low, b.high, b.sittings) == (0.5, "2025-12-01", 0.5, 0.5, 1)


def test_the_document_says_it(folder: Path) -> None:
    text = proofs.document(folder, folder / "proofs.toml")
    newest = "30 % (10 % to 90 %; n = 4)"
    assert f"| a | {newest} |  | 2025-12-03, revision not written down | calm | 20 % to 40 % | 3 |\n" in text
    assert "Refuted by: a loss.\nCommand (2 min): `python -m benchmarks.made_up --record`\n" in text


def test_a_figure_beyond_its_bounds_speaks_against_the_claim() -> None:
    claim = replace(proofs.claims()[0], least=0.5, most=1.05)
    assert [claim.held(Figure("x", value)) for value in (0.4, 0.5, 1.05, 1.127)] == ["no", "yes", "yes", "no"]
    assert claim.held(Figure("x", None, 0.4, 0.6)) == ""
    assert replace(claim, least=-inf, most=inf).held(Figure("x", 2.0)) == ""


def test_a_command_names_no_folder_of_the_machine() -> None:
    asked = ["/usr/bin/python3", "-m", "benchmarks.coverage", "/home/me/results/a run", "--record"]
    assert sitting.command(asked) == "python -m benchmarks.coverage 'a run' --record"


def test_median_and_range_of_several_values() -> None:
    assert sitting.over("x", [3.0, 1.00004, 2.0]) == Figure("x", 2.0, 1.0, 3.0, 3)


def test_what_a_hundred_gates_come_to() -> None:
    told = [("epoll", 0, False, 30), ("epoll", 1, True, 20), ("poll", 3, False, 10), ("poll", 0, True, 40)]
    gates = [dict(zip(("strategy", "exit_code", "alarm", "blocks"), one, strict=True)) for one in told]
    counted = {figure.of: (figure.value, figure.n) for figure in hundred_gates.figures(gates)}
    assert counted.pop("with the twenty blocks that an alarm takes") == (3, 4)
    assert (counted["alarms"], counted["nothing found"], counted["undecided"]) == ((2, 4), (2, 4), (1, 4))
    assert (counted["poll: nothing found"], counted["poll: undecided"]) == ((1, 2), (1, 2))


# --- those of the repository -------------------------------------------------------------------------------------


def test_every_sitting_has_a_claim() -> None:
    claims = [claim.name for claim in proofs.claims()]
    recorded = {path.stem for path in sitting.FOLDER.glob("*.jsonl")}
    assert recorded <= set(claims)
    for claim in claims:
        sittings = sitting.read(claim)
        assert bool(sittings) == (claim in recorded)
        for one in sittings:
            assert one.claim == claim
            assert (one.hour is None) == (one.said is not None)
            for figure in one.figures:
                assert figure.value is not None or None not in (figure.low, figure.high)


@pytest.mark.parametrize("claim", [one for one in proofs.claims() if "--record" in one.command], ids=lambda c: c.name)
def test_a_benchmark_that_records_knows_its_claim(claim: proofs.Claim) -> None:
    module = claim.command.rpartition("python -m benchmarks.")[2].split()[0]
    assert f'"{claim.name}"' in (sitting.FOLDER.parent / f"{module}.py").read_text()


def test_a_claim_without_sittings_is_said_to_be_untried(tmp_path: Path) -> None:
    text = proofs.document(tmp_path)
    assert text.count("It was not tried yet.") == len(proofs.claims())
    assert "| figure |" not in text


def test_the_document_of_proofs_is_fresh() -> None:
    """Stale? `make proofs` writes it anew."""
    assert proofs.DOCUMENT.read_text(encoding="utf-8") == proofs.document()
