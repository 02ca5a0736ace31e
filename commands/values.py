"""Values on the command line: each kind is read by a function, whose complaint says what can be written instead."""

import argparse
import ipaddress
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeVar

from pydantic import ByteSize, TypeAdapter, ValidationError

from axes import Axis
from harness.config import Rate, Time, nearest
from harness.config.tables import MOST_BLOCKS, MOST_WORKERS

T = TypeVar("T")
THOUSANDTHS = re.compile("0[0-9]{2}")  # what follows the comma of thousands, and is no number of its own
THOUSANDS = {"k": 1_000, "K": 1_000, "M": 1_000_000}


def listed(one: Callable[[str], T]) -> Callable[[str], list[T]]:
    def parse_list(text: str) -> list[T]:
        parts = [part.strip() for part in text.split(",")]
        for before, part in pairwise(parts):
            if before.isdecimal() and THOUSANDTHS.fullmatch(part):  # 1,000 and no list of 1 and 0
                raise argparse.ArgumentTypeError(
                    f"{text!r}: a comma stands between values, and {part!r} begins with a zero; write {before}{part}"
                )
        return [one(part) for part in parts]

    return parse_list


def of_axis(axis: Axis) -> Callable[[str], Any]:
    """What reads one value of an axis."""
    match axis.kind:
        case "choice":
            return lambda text: choice(text, axis)
        case "count" | "cpus":
            return lambda text: count(text, axis)
        case "bytes":
            return lambda text: size(text, axis)
        case "time":
            return time
        case _:
            return rate


def choice(text: str, axis: Axis) -> str:
    if text not in axis.choices:
        raise argparse.ArgumentTypeError(
            f"{text}: no such {axis.name}{nearest(text, axis.choices)}; there are {', '.join(axis.choices)}"
        )
    return text


def count(text: str, axis: Axis) -> int:
    if not text.isdecimal() or not axis.low <= int(text) <= axis.high:
        raise _no_count(text, axis.low, axis.high, 2 if axis.kind == "cpus" else 100)
    return int(text)


def _no_count(text: str, low: int, high: int, usual: int = 100, why: str = "") -> argparse.ArgumentTypeError:
    """The complaint, with what is meant: 10k is 10000."""
    number, scale = text[:-1], THOUSANDS.get(text[-1:], 0)
    meant = int(number) * scale if number.isdecimal() and scale else min(max(low, usual), high)
    written = meant if low <= meant <= high else high
    return argparse.ArgumentTypeError(
        f"{text!r} is not a whole number from {low:,} to {high:,}{why}; write such as {written}"
    )


def size(text: str, axis: Axis) -> int:
    try:
        octets = int(TypeAdapter(ByteSize).validate_python(text))
    except ValidationError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write 64, 16KiB or 1MiB") from None
    if not axis.low <= octets <= axis.high:
        raise argparse.ArgumentTypeError(f"{text}: {axis.bounds}")
    return octets


def rate(text: str) -> str:
    try:
        return str(TypeAdapter(Rate).validate_python(text))
    except ValidationError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is {error.errors()[0]['ctx']['error']}") from None


def time(text: str) -> int:
    """Microseconds."""
    try:
        return int(TypeAdapter(Time).validate_python(text))
    except ValidationError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is {error.errors()[0]['ctx']['error']}") from None


def requirement(text: str) -> str:
    """A limit, as it is written."""
    from analysis.requirement import read

    try:
        return read(text).text
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def share(text: str) -> float:
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0.001 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0.1% to 100%; write such as 2%")
    return share


def seconds(text: str) -> float:
    number, unit = text.rstrip("smh"), text[len(text.rstrip("smh")) :]
    try:
        seconds = float(number) * {"s": 1, "m": 60, "h": 3600}[unit]
    except (ValueError, KeyError):
        seconds = 0.0
    if not 1 <= seconds <= 86400:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time from 1s to 24h with its unit; write such as 90s or 10m"
        )
    return seconds


def seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number; write such as 7") from None


def blocks(text: str) -> int:
    """At least two, as blocks are what repeats."""
    if not text.isdecimal() or not 2 <= int(text) <= MOST_BLOCKS:
        raise _no_count(text, 2, MOST_BLOCKS, 12, ", as they are what repeats")
    return int(text)


def address(text: str) -> tuple[str, int]:
    """An address of this machine and a port; 0 where none is given."""
    host, _, port = text.partition(":")
    try:
        address = ipaddress.IPv4Address(host)
        if address.is_unspecified or address.is_multicast or not 0 <= int(port or 0) < 65536:
            raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not one address of this machine; write the IPv4 address that the other hosts reach it by, "
            "such as 10.0.0.1 or 10.0.0.1:5557"
        ) from None
    return str(address), int(port or 0)


def some_workers(text: str) -> int:
    """None, or some."""
    return 0 if text == "0" else workers(text)


def workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_WORKERS:
        raise _no_count(text, 1, MOST_WORKERS, 2)
    return int(text)
