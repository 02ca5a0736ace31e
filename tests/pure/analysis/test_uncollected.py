"""Python's search for cycles rests where it is told to, and goes on afterwards, whatever happens."""

import gc

import pytest

from analysis.uncollected import uncollected


def test_it_rests_within_and_goes_on_afterwards() -> None:
    with uncollected():
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_error() -> None:
    with pytest.raises(ValueError, match="any"), uncollected():
        raise ValueError("any")
    assert gc.isenabled()
