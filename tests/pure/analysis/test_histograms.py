"""Histograms as arrays: they say what the library says of them, and each is decoded once."""

import base64
import struct
import zlib
from binascii import a2b_base64
from pathlib import Path

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram

from analysis.histograms import Encoded, decoded, in_order, mean, merged, poured
from analysis.judging.cells import tabulate
from analysis.records.reading import read
from tests.support.made_up import MadeUp, histogram


@pytest.mark.parametrize(("highest", "digits"), [(3_600_000_000_000, 3), (60_000_000, 2)])
def test_a_histogram_of_any_range_is_decoded_as_the_library_does(highest: int, digits: int) -> None:
    theirs = HdrHistogram(1, highest, digits)
    for value in np.random.default_rng(2).lognormal(12, 1.5, 300):
        theirs.record_value(int(value))
    expected = [
        (theirs.get_highest_equivalent_value(item.value_iterated_to), item.count_added_in_this_iter_step)
        for item in theirs.get_recorded_iterator()
    ]
    assert list(zip(*decoded(theirs.encode().decode()), strict=True)) == expected


def test_an_empty_histogram_has_no_values() -> None:
    assert decoded(histogram([])).total == 0


def test_merging_histograms_is_the_histogram_of_all() -> None:
    rng = np.random.default_rng(5)
    values = rng.lognormal(14, 1, 3000)
    parts = merged(histogram(part) for part in np.split(values, 3))
    whole = merged([histogram(values)])
    assert parts.total == 3000
    for one, other in zip(parts, whole, strict=True):
        assert (one == other).all()


def of_range(values: np.ndarray, highest: int) -> Encoded:
    made = HdrHistogram(1, highest, 3 if highest > 1e9 else 2)
    for value in values:
        made.record_value(int(value))
    return Encoded(made.encode().decode())


@pytest.mark.parametrize("highest", [(3_600_000_000_000,) * 3, (3_600_000_000_000, 60_000_000, 3_600_000_000_000)])
def test_histograms_of_any_ranges_are_poured_together_by_their_factors(highest: tuple[int, ...]) -> None:
    rng = np.random.default_rng(7)
    parts = [(of_range(rng.lognormal(10, 0.1, 400), most), 0.5 * (place + 1)) for place, most in enumerate(highest)]
    expected: dict[int, float] = {}
    for text, factor in parts:
        for value, often in zip(*text.told, strict=True):
            expected[value] = expected.get(value, 0.0) + often * factor
    values, weights = poured(parts)
    assert dict(zip(values, weights, strict=True)) == expected
    assert values.tolist() == sorted(expected)
    steps, each = in_order(parts)
    assert steps.tolist() == sorted(value for text, _ in parts for value in text.told.values)
    assert np.cumsum(each)[np.flatnonzero(np.append(np.diff(steps), 1))] == pytest.approx(np.cumsum(weights))


def test_of_no_histograms_nothing_is_poured() -> None:
    assert [len(told) for told in (*poured([]), *in_order([]))] == [0] * 4


def test_the_mean_of_a_histogram() -> None:
    assert mean([histogram([1_000_000] * 3), None, histogram([5_000_000])]) == pytest.approx(2e6, rel=1e-3)
    assert np.isnan(mean([None, ""]))


def test_what_is_damaged_is_no_empty_histogram() -> None:
    with pytest.raises(Exception, match="decompress"):
        decoded(histogram([1_000_000] * 3)[:-9] + "A" * 9)


def test_what_is_damaged_leaves_nothing_in_the_next() -> None:
    """All are decoded into the same buckets."""
    sound = histogram([1_000_000] * 3)
    packed = zlib.decompress(base64.b64decode(sound)[8:])
    for broken in (packed[:-1] + b"\xff", packed + b"\x02" * 40_000, b"\0" + packed[1:]):
        content = zlib.compress(broken)
        with pytest.raises((ValueError, IndexError)):
            decoded(base64.b64encode(struct.pack(">II", 0x1C849314, len(content)) + content).decode())
    assert decoded(sound).counts.tolist() == [3]


@pytest.mark.parametrize("text", ["", "HIST", "HISTFAAA", "A" * 40])
def test_what_is_no_histogram_is_said_so(text: str) -> None:
    with pytest.raises((ValueError, struct.error)):
        decoded(text)


def test_each_is_decoded_once_however_many_figures_are_taken_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That was most of the time that a large run took."""
    folder = MadeUp(capacity={"epoll": 1e4, "poll": 9e3}, groups=[(3, 64), (10, 64)]).write(tmp_path)
    decodings: list[str] = []

    def counted(text: str) -> bytes:
        decodings.append(text)
        return a2b_base64(text)

    monkeypatch.setattr("analysis.histograms.a2b_base64", counted)
    results = read(folder)
    tabulate(results)
    texts = [text for text in results.windows["latency_hdr"] if text]
    assert len(decodings) == len(texts) == 2 * 2 * 6 * 3
    assert all(isinstance(text, Encoded) for text in texts)
