"""Who is of this run and version, and who isn't: by what a worker says of itself."""

from typing import Any

import pytest

from loadgen.hosts import identity

OWN = identity.told(compiled=True)
TOKENS = {"ours": True, "of-this-machine": False}


def hello(**other: Any) -> dict[str, Any]:
    return OWN | {"token": "ours"} | other


def test_who_is_of_this_run_and_version_is_taken() -> None:
    assert identity.why_not(hello(), OWN, TOKENS) == ""
    assert identity.why_not(hello(token="of-this-machine"), OWN, TOKENS) == ""
    assert identity.why_not(hello(python="3.14.0", kernel="9", cpus=256, loop="python"), OWN, TOKENS) == ""


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"token": "theirs"}, "no token of this run; copy the line"),
        ({"sources": "0123456789abcdef"}, "another version (01234567, here "),
        ({"protocol": 0}, "another version"),
        ({"schema": 1}, "records by schema 1, here "),
        ({"locust": "1.0"}, "Locust 1.0, here "),
    ],
)
def test_others_are_turned_away_with_a_remedy(other: dict[str, Any], words: str) -> None:
    why = identity.why_not(hello(**other), OWN, TOKENS)
    assert words in why
    assert "; " in why


@pytest.mark.parametrize(
    "said",
    [None, 7, "hello", [], {}, {"token": "ours"}, hello(cpus="many"), hello(cpus=-1), hello(cpus=True),
     hello(host="a" * 1000), hello(pid=1 << 40), hello(sources=b"x")],
)  # fmt: skip
def test_what_is_no_hello_is_turned_away(said: Any) -> None:
    assert "isn't known here" in identity.why_not(said, OWN, TOKENS)


def test_a_stranger_is_not_told_which_versions_are_here() -> None:
    why = identity.why_not(hello(token="theirs", sources="0123456789abcdef", locust="1.0"), OWN, TOKENS)
    assert OWN["sources"][:8] not in why
    assert OWN["locust"] not in why
