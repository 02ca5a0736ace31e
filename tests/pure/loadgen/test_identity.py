"""Who is of this run and version, and who isn't: by what a worker says of itself."""

from typing import Any

import pytest

from loadgen.hosts import identity

REVISION = "0a0b0c0d0e0f"
OWN = identity.told(compiled=True) | {"host": "run", "revision": REVISION}
TOKENS = {"ours": True, "of-this-machine": False}


def hello(**other: Any) -> dict[str, Any]:
    return OWN | {"token": "ours", "host": "worker"} | other


def test_who_is_of_this_run_and_version_is_taken() -> None:
    assert identity.why_not(hello(), OWN, TOKENS) == ""
    assert identity.why_not(hello(token="of-this-machine"), OWN, TOKENS) == ""
    assert identity.why_not(hello(revision="of another commit with the same files"), OWN, TOKENS) == ""
    assert identity.why_not(hello(python="3.14.0", kernel="9", cpus=256, loop="python"), OWN, TOKENS) == ""


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"token": "theirs"}, "that is another run's token; copy the line"),
        ({"sources": "0123456789abcdef"}, "with files of digest 01234567, the run's on "),
        (
            {"sources": "0123456789abcdef", "revision": "1a2b3c4d5e6f"},
            "the worker's on worker is of revision 1a2b3c4d5e6f",
        ),
        ({"sources": "0123456789abcdef", "revision": "1a2b3c4d5e6f"}, "the run's on run is of revision 0a0b0c0d0e0f"),
        ({"sources": "0123456789abcdef"}, "of revision 0a0b0c0d0e0f, with files of digest 01234567"),
        ({"protocol": 0}, "load generators differ"),
        ({"schema": 1}, "the worker's on worker is 1, the run's on run is "),
        ({"locust": "1.0"}, "the worker's on worker is 1.0, the run's on run is "),
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
    assert REVISION not in why


def test_a_worker_from_before_revisions_were_told_is_turned_away_for_its_files() -> None:
    older = {name: value for name, value in hello(sources="0123456789abcdef").items() if name != "revision"}
    assert "the worker's on worker is with files of digest 01234567" in identity.why_not(older, OWN, TOKENS)
