"""Servers that speak HTTP and are wrong once in a thousand replies: they have no rank, and their errors are counted."""

from collections.abc import Callable

import pytest

from tests.support.bench import Bench, misbehaving

WRONG = ("status", "short", "long", "chunk")
RIGHT = ("sound", "late")


@pytest.fixture(scope="module")
def run(start: Callable[..., Bench], loop: str) -> Bench:
    tables = [f"[strategies.{way}]\ncommand = '{misbehaving(f'answering.py {way}')}'\nservices = ['http']"
              for way in (*WRONG, *RIGHT)]  # fmt: skip
    bench = start({}, "--service", "http", "--unchecked", beside=" ".join((*WRONG, *RIGHT)), rounds=10, counted_s=0.2,
                  points=("clients = [10]",), more="\n".join((*tables, loop)))  # fmt: skip
    assert bench.ended() == 0, bench.output
    return bench


@pytest.mark.parametrize("way", WRONG)
def test_one_wrong_reply_of_a_thousand_leaves_no_rank(run: Bench, way: str) -> None:
    cell = run.cells()[way]
    assert (cell["verdict"], cell["rank"]) == ("doubtful", ""), cell
    wrong = sum(window["errors"].get("corrupt", 0) for window in run.windows(way))
    replies = sum(window["replies"] for window in run.windows(way))
    assert 0 < wrong <= replies / 1000 + 20  # of those, some came between windows


@pytest.mark.parametrize("way", RIGHT)
def test_the_others_have_no_error(run: Bench, way: str) -> None:
    assert run.cells()[way]["errors"] == "0"
    assert all(window["errors"] == {} for window in run.windows(way))
