"""Servers that don't get ready, or answer late: one line with the cause and the remedy, in the check and in the run."""

from collections.abc import Callable

import pytest

from tests.support.bench import Bench, misbehaving

SOUND = ("mapped", "soon")
READY_S = 4.0  # that each of them has


def wrapped(words: str) -> str:
    """In a shell that waits for it: a signal ends the shell alone."""
    return f'sh -c "{misbehaving(words)}; true"'


# what its line says
CAUSES = {
    "v6": (misbehaving("starting.py v6"), ("::1", "127.0.0.1")),
    "v6-unsaid": (misbehaving("starting.py v6-unsaid"), ("::1", "127.0.0.1")),
    "elsewhere": (misbehaving("starting.py elsewhere"), ("listens", "port")),
    "unflushed": (misbehaving("starting.py unflushed"), ("READY", "flush")),
    "banner": (misbehaving("starting.py banner"), ("mine 1.0", "READY")),
    "works": (misbehaving("starting.py works 60"), (f"{READY_S:g} s", "ready_timeout_s")),
    "sleeps": (misbehaving("starting.py sleeps 60"), (f"{READY_S:g} s", "ready_timeout_s")),
    "wrapped": (wrapped("misbehave.py sound"), ("exec",)),
    "wrapped-own": (wrapped("starting.py sound"), ("exec",)),
    "two-writes": (misbehaving("splitting.py 2"), ("TCP_NODELAY",)),
    "three-writes": (misbehaving("splitting.py 3"), ("TCP_NODELAY",)),
}
SERVERS = {name: command for name, (command, _) in CAUSES.items()}
SERVERS |= {"mapped": misbehaving("starting.py v6-mapped"), "soon": misbehaving("starting.py sleeps 0.5")}


@pytest.fixture(scope="module")
def checked(start: Callable[..., Bench]) -> Bench:
    bench = start(SERVERS, beside="", verb="check", ready_s=READY_S)
    assert bench.ended() == 1, bench.output
    return bench


@pytest.fixture(scope="module")
def measured(start: Callable[..., Bench]) -> Bench:
    bench = start(SERVERS, rounds=1, ready_s=READY_S)
    assert bench.ended() == 0, bench.output
    return bench


def said_of(name: str, output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith(f"{name} ")]


@pytest.mark.parametrize("name", CAUSES)
def test_the_check_says_the_cause_in_a_line(checked: Bench, name: str) -> None:
    lines = said_of(name, checked.output)
    assert len(lines) == 1, lines
    assert [word for word in CAUSES[name][1] if word not in lines[0]] == [], lines


@pytest.mark.parametrize("name", SOUND)
def test_who_only_looks_odd_conforms(checked: Bench, name: str) -> None:
    assert said_of(name, checked.output) == []
    assert f"{len(SOUND)} of {len(SERVERS)} strategies conform" in checked.output


@pytest.mark.parametrize("name", CAUSES)
def test_the_run_says_the_same_and_does_not_measure_it(measured: Bench, name: str) -> None:
    cell = measured.cells()[name]
    assert cell["status"] in ("failed", "skipped"), cell
    assert [word for word in CAUSES[name][1] if word not in cell["reason"]] == [], cell
    assert measured.windows(name) == []


@pytest.mark.parametrize("name", [*SOUND, "epoll"])
def test_the_others_are_measured(measured: Bench, name: str) -> None:
    cell = measured.cells()[name]
    assert (cell["status"], cell["errors"], cell["windows"]) == ("ok", "0", "2"), cell


def test_nothing_of_them_is_left(checked: Bench, measured: Bench) -> None:
    assert [*checked.family(), *measured.family()] == []
