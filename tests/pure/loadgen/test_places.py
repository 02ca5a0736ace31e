"""Who is there, and how crowds grow."""

import pytest

from loadgen.places import Places, crowds


def test_names_of_two_workers_differ_and_none_is_given_twice() -> None:
    one, other = Places(), Places()
    first, gone, third = (one.join(0) for _ in range(3))
    one.leave(gone)
    fourth = one.join(0)
    assert list(one.names) == [first, third, fourth]
    assert len(one) == 3
    assert not {*one.names, gone} & {other.join(1) for _ in range(4)}


@pytest.mark.parametrize(
    ("largest", "grown"),
    [
        (1, [1]),
        (3, [1, 2, 3]),
        (10, [1, 2, 5, 10]),
        (500, [1, 2, 5, 10, 20, 50, 100, 200, 500]),
        (12, [1, 2, 5, 10, 12]),
    ],
)
def test_crowds_grow_to_the_largest(largest: int, grown: list[int]) -> None:
    assert crowds(largest) == grown
