"""Values on the command line: what is meant, and what a complaint says can be written instead."""

import argparse
from collections.abc import Callable
from typing import Any

import pytest

from axes import AXES
from commands import parser, values
from harness.config import ConfigError

CLIENTS, SIZES = (values.listed(values.of_axis(AXES[name])) for name in ("clients", "message_size"))
BESIDE = values.listed(values.of_axis(AXES["company_size"]))


def complaint(read: Callable[[str], Any], text: str) -> str:
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        read(text)
    return str(refused.value)


@pytest.mark.parametrize(
    ("read", "text", "meant"),
    [(CLIENTS, "1,000", "1000"), (BESIDE, "0,1,000", "1000"), (BESIDE, "0,10,050,3", "10050"),
     (SIZES, "1,024", "1024")],
)  # fmt: skip
def test_thousands_have_no_comma_in_a_list(read: Callable[[str], Any], text: str, meant: str) -> None:
    said = complaint(read, text)
    assert text in said
    assert said.endswith(f"write {meant}")


def test_a_list_whose_values_are_numbers_of_their_own_is_one() -> None:
    assert CLIENTS("1,100") == [1, 100]
    assert BESIDE("0,100, 1000") == [0, 100, 1000]
    assert values.listed(str)("a,b") == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "remedy"),
    [("10k", "10000"), ("2M", "1000000"), ("0", "100"), ("-5", "100"), ("k", "100"), ("many", "100"), ("1e3", "100")],
)
def test_a_number_that_is_none_has_a_remedy(text: str, remedy: str) -> None:
    assert complaint(CLIENTS, text) == (f"{text!r} is not a whole number from 1 to 1,000,000; write such as {remedy}")


def test_too_few_blocks_are_told_why() -> None:
    assert complaint(values.blocks, "1") == (
        "'1' is not a whole number from 2 to 1,000, as they are what repeats; write such as 12"
    )


@pytest.mark.parametrize("text", ["20", "1.5", "soon", "", "0s", "25h"])
def test_a_time_has_its_unit(text: str) -> None:
    assert complaint(values.seconds, text).endswith("with its unit; write such as 90s or 10m")


@pytest.mark.parametrize(("text", "seconds"), [("20s", 20.0), ("1.5m", 90.0), ("1h", 3600.0)])
def test_times(text: str, seconds: float) -> None:
    assert values.seconds(text) == seconds


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["epoll"], "strategies are named behind an option: --strategies epoll"),
        (["epoll,poll"], "--strategies epoll,poll"),
        (["asyncio*"], "--strategies asyncio*"),
        (["chapter"], "--strategies chapter"),
        (["quick"], "a profile is named behind an option: --profile quick"),
        (["chekc"], 'did you mean "check"'),
    ],
)
def test_a_word_alone_is_told_how_it_is_written(words: list[str], says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parser.named(words)
    assert says in str(refused.value)


@pytest.mark.parametrize(("verb", "word", "says"), [
    ("soak", "epoll", "--strategies epoll"), ("bench", "quick", "--profile quick"),
    ("gate", "gibberish", "unknown option"),
])  # fmt: skip
def test_so_is_one_behind_an_option(verb: str, word: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parser.parsed(verb, ["--seed", "1", word])
    assert says in str(refused.value)
