"""Looks: kept from run to run, and apart in all kinds of colour vision."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.drawing.looks import Look, look
from harness.config import SERVICES
from tests.support.made_up import CAPACITY, CONFIG, FAMILIES, MadeUp

# Nothing under this is drawn together with the same marker, nor side by side in a family. 2.3 can just be told apart.
APART = 15.0
# Between any two of the default profile's, whose markers all differ.
APART_OF_OURS = 11.0

# What colours of linear sRGB are to who sees them so: Machado, Oliveira and Fernandes (2009), severity 1.
VISION = {
    "usual": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                              [-0.011820, 0.042940, 0.968881]]),
}  # fmt: skip
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])

MANY = {  # how many strategies each family has
    "fifty in today's families": dict(zip(FAMILIES, (8, 8, 10, 6, 12, 6), strict=False)),
    "fifty in ten": dict.fromkeys([*FAMILIES, *"abcd"][:11], 5) | {"other": 0},
    "fifty, most in one": dict(zip(FAMILIES, (3, 13, 9, 3, 13, 9), strict=False)),
}


def lab(colour: str, vision: str) -> NDArray[np.float64]:
    """A colour as somebody sees it, in CIELAB."""
    shown = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    x, y, z = TO_XYZ @ np.clip(VISION[vision] @ linear, 0, 1) / TO_XYZ.sum(axis=1)
    roots = [np.cbrt(part) if part > 216 / 24389 else part * 841 / 108 + 4 / 29 for part in (x, y, z)]
    return np.array([116 * roots[1] - 16, 500 * (roots[0] - roots[1]), 200 * (roots[1] - roots[2])])


def apart(one: Look, other: Look) -> float:
    """How far two colours are from each other for whom they are nearest."""
    return min(float(np.linalg.norm(lab(one.colour, vision) - lab(other.colour, vision))) for vision in VISION)


def made(sizes: dict[str, int]) -> MadeUp:
    families = {f"{family}-{at}": family for family, size in sizes.items() for at in range(size)}
    return MadeUp(capacity=dict.fromkeys(families, 1.0), families=families)


def looks(run: MadeUp) -> dict[str, Look]:
    described = run.run()
    return {name: look(described, name) for name in run.capacity}


def too_near(shown: Sequence[Look]) -> Iterator[tuple[Look, Look]]:
    """Those with the same marker whose colours can't be told apart well."""
    for one, other in itertools.combinations(shown, 2):
        if one.marker == other.marker and apart(one, other) < APART:
            yield one, other


@pytest.mark.parametrize("sizes", MANY.values(), ids=MANY)
def test_fifty_can_be_told_apart(sizes: dict[str, int]) -> None:
    found = looks(made(sizes))
    assert len(found) == len(set(found.values())) == 50
    assert list(too_near(list(found.values()))) == []


@pytest.mark.parametrize("sizes", MANY.values(), ids=MANY)
def test_neighbours_in_a_family_differ_in_both(sizes: dict[str, int]) -> None:
    run = made(sizes)
    found = looks(run)
    for one, other in itertools.pairwise(found):
        if run.families[one] == run.families[other]:
            assert found[one].marker != found[other].marker
            assert apart(found[one], found[other]) >= APART


def test_the_test_sees_what_is_too_near() -> None:
    assert list(too_near([Look("#D55E00", "o"), Look("#D06000", "o")]))
    assert list(too_near([Look("#D55E00", "o"), Look("#8C8600", "o")]))  # one colour where red and green are one
    assert not list(too_near([Look("#D55E00", "o"), Look("#D06000", "s")]))


def test_ours_differ_in_both() -> None:
    found = looks(MadeUp())
    assert min(apart(*pair) for pair in itertools.combinations(found.values(), 2)) >= APART_OF_OURS
    assert len({one.marker for one in found.values()}) == len(found)


@pytest.mark.parametrize("service", SERVICES)
def test_all_of_bench_toml_that_are_drawn_together_can_be_told_apart(service: str) -> None:
    """No chart has strategies of two services."""
    found = looks(MadeUp(capacity=dict.fromkeys(CONFIG.strategies, 1.0)))
    together = [found[name] for name, strategy in CONFIG.strategies.items() if service in strategy.services]
    assert together
    assert len(set(together)) == len(together)
    assert list(too_near(together)) == []


def test_a_look_stays_whatever_else_is_selected() -> None:
    for name, before in looks(MadeUp()).items():
        assert looks(MadeUp(capacity={"mine": 1.0, name: CAPACITY[name]}))[name] == before


def test_a_look_stays_when_a_family_is_added() -> None:
    described = MadeUp().run()
    more = described | {"families": described["families"] | {"polling": "for what was asked for to be done"}}
    assert look(more, "epoll") == look(described, "epoll")


def test_a_strategy_without_a_family_has_its_look_from_its_name() -> None:
    described = MadeUp(capacity={"mine": 1.0}).run()
    assert look(described, "mine") == look({}, "mine") == look({"families": {}, "strategies": {"mine": {}}}, "mine")


def test_families_past_the_tenth_have_other_markers() -> None:
    run = made({**dict.fromkeys(FAMILIES, 0), **dict.fromkeys("abcdefghij", 2)})
    assert len(set(looks(run).values())) == 20


def test_every_colour_is_seen_on_white() -> None:
    for sizes in MANY.values():
        for one in looks(made(sizes)).values():
            assert lab(one.colour, "usual")[0] <= 76


def test_strategies_without_a_family_are_told_apart_in_one_run() -> None:
    for names in (["epoll-there", "twisted-there", "threading-there"], [f"mine-{at}" for at in range(7)]):
        run = {"families": {}, "strategies": {name: {} for name in names}}
        for variant in ("", "attached"):
            found = [look(run, name, variant) for name in names]
            assert min(apart(*pair) for pair in itertools.combinations(found, 2)) >= APART
            assert len({one.marker for one in found}) == len(names)
            assert all(lab(one.colour, "usual")[0] <= 76 for one in found)
    run = {"families": {}, "strategies": {f"mine-{at}": {} for at in range(14)}}
    assert len({look(run, name).marker for name in run["strategies"]}) == 14


def test_a_variant_has_its_strategys_colour_and_another_marker() -> None:
    described = MadeUp().run()
    for name in MadeUp().capacity:
        plain, variant = look(described, name), look(described, name, "library=1.0")
        assert plain.colour == variant.colour
        assert plain.marker != variant.marker
