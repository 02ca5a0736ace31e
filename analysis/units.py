"""Numbers as people read them."""


def count(number: float) -> str:
    """A number of things: 98,214."""
    return f"{number:,.0f}"


def short(number: float) -> str:
    """Three digits for a label: 98.2k."""
    if number >= 999_500:
        return f"{_three(number / 1e6)}M"
    if number >= 9_995:
        return f"{_three(number / 1e3)}k"
    return count(number) if number >= 100 else _three(number)


def share(part: float) -> str:
    """A share in per cent, with a digit more where it is small: 2.3 %, 31 %."""
    return f"{part * 100:.2g} %" if part < 0.1 else f"{part * 100:.0f} %"


def lopsided(low: float, high: float) -> bool:
    """Whether an interval, symmetric on the log scale, can't be written as ± half of it."""
    return high / low > 1.5  # ± 20 %: its ends would be told wrong by two points and more


LEAST_US, MOST_US = 0.005, 3600e6  # beyond them, as the ends of an interval over two blocks may be, digits say nothing


def duration(microseconds: float) -> str:
    """Three digits of a time: 85.3 µs, 1.02 ms, 2.50 s; < 0.01 µs and > 1 h are all that is said beyond."""
    if microseconds > MOST_US:
        return "> 1 h"
    if 0 < microseconds < LEAST_US:
        return "< 0.01 µs"
    for unit, scale in (("s", 1e6), ("ms", 1e3)):
        if microseconds >= 0.9995 * scale:
            return f"{_three(microseconds / scale)} {unit}"
    return f"{_three(microseconds)} µs"


def tick(microseconds: float) -> str:
    """A round time without trailing zeros: 200 µs, 1 ms."""
    for unit, scale in (("s", 1e6), ("ms", 1e3)):
        if microseconds >= 0.9995 * scale:
            return f"{microseconds / scale:g} {unit}"
    return f"{microseconds:g} µs"


def tick_rate(rate: float) -> str:
    """A round rate without trailing zeros: 500, 20k, 1.5M."""
    for unit, scale in (("M", 1e6), ("k", 1e3)):
        if rate >= 0.9995 * scale:
            return f"{rate / scale:g}{unit}"
    return f"{rate:g}"


def _three(number: float) -> str:
    digits = 0 if number >= 99.95 else 1 if number >= 9.995 else 2
    return f"{number:.{digits}f}"
