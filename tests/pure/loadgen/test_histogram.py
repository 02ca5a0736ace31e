"""Histograms made in bulk are the library's own, value by value."""

import random

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram

from loadgen import histogram

RANGE = (histogram.LOWEST_NS, histogram.HIGHEST_NS, histogram.DIGITS)


def one_by_one(values: list[int]) -> HdrHistogram:
    made = HdrHistogram(*RANGE)
    for value in values:
        assert made.record_value(value)
    return made


def counts(made: HdrHistogram) -> dict[int, int]:
    return {item.value_iterated_to: item.count_at_value_iterated_to for item in made.get_recorded_iterator()}


def log_uniform(count: int, seed: int) -> list[int]:
    draw = random.Random(seed)
    return [round(10 ** draw.uniform(0, 10)) for _ in range(count)]


@pytest.mark.parametrize(
    "values",
    [
        [1],
        [2047, 2048, 2049, 4095, 4096],
        [2**bits + off for bits in range(12, 40) for off in (-1, 0, 1)],
        [10**10, 10**10, 1],
        log_uniform(20_000, seed=1),
    ],
    ids=["least", "first-buckets", "every-power", "largest", "random"],
)
def test_bulk_equals_value_by_value(values: list[int]) -> None:
    encoded = histogram.encode(values)
    assert encoded is not None
    expected = one_by_one(values)
    made = HdrHistogram.decode(encoded)
    assert counts(made) == counts(expected)
    assert made.get_total_count() == len(values)
    for percentile in (0, 50, 90, 99, 99.9, 100):
        assert made.get_value_at_percentile(percentile) == expected.get_value_at_percentile(percentile)
    assert histogram.value_at(encoded, 99) == expected.get_value_at_percentile(99)


def test_values_out_of_range_are_kept_at_its_ends() -> None:
    encoded = histogram.encode([-5, 0, 10**18])
    made = HdrHistogram.decode(encoded)
    assert made.get_total_count() == 3
    assert made.get_min_value() == 1
    assert made.values_are_equivalent(made.get_max_value(), histogram.HIGHEST_NS)


def test_merging_adds() -> None:
    parts = [log_uniform(500, seed=seed) for seed in (2, 3, 4)]
    merged = histogram.merge([None, *map(histogram.encode, parts), None])
    assert counts(HdrHistogram.decode(merged)) == counts(one_by_one([value for part in parts for value in part]))


def test_nothing() -> None:
    assert histogram.encode([]) is None
    assert histogram.merge([]) is None
    assert histogram.merge([None, None]) is None
    assert histogram.value_at(None, 99) == 0
    alone = histogram.encode([7])
    assert histogram.merge([None, alone]) == alone


def test_times_are_rounded_to_three_digits_of_a_millisecond() -> None:
    times_ns = np.array([1, 16_349, 73_250, 999_600, 1_234_567, 98_765_432, 5_004_999_999])
    assert histogram.rounded_ms(times_ns).tolist() == [1e-6, 0.0163, 0.0733, 1.0, 1.23, 98.8, 5000.0]
