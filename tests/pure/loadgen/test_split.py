"""Clients are split by the CPUs that each worker can use."""

from types import SimpleNamespace

import pytest

from loadgen.hosts.split import Dispatcher, split, weights


@pytest.mark.parametrize(
    ("clients", "shares", "parts"),
    [
        (100, [1, 1], [50, 50]),
        (7, [1, 1], [4, 3]),
        (2, [1, 1, 1], [1, 1, 0]),
        (0, [1, 1], [0, 0]),
        (90, [1, 1, 0.25], [40, 40, 10]),
        (1000, [0.5, 0.5, 1], [250, 250, 500]),
    ],
)
def test_clients_are_split_by_weight(clients: int, shares: list[float], parts: list[int]) -> None:
    assert split(clients, shares) == parts
    assert sum(split(clients, shares)) == clients


def test_a_worker_uses_one_cpu_and_workers_of_a_host_share_its_cpus() -> None:
    assert weights(["a", "b"], [8, 1]) == [1, 1]
    assert weights(["a", "a", "a", "a", "b"], [2, 2, 2, 2, 4]) == [0.5, 0.5, 0.5, 0.5, 1]
    assert weights(["a", "a"], [8, 8]) == [1, 1]


def test_locust_is_told_the_split_and_a_worker_that_went_has_no_part() -> None:
    nodes = [SimpleNamespace(id=name) for name in ("a_1", "a_2", "b_3")]
    cpus = {"a_1": 0.5, "a_2": 0.5, "b_3": 1.0}
    told = Dispatcher(lambda ids: [cpus[one] for one in ids], nodes[:2], [int])
    told.add_worker(nodes[2])
    told.new_dispatch(40, 1000)
    assert list(told) == [{"a_1": {"int": 10}, "a_2": {"int": 10}, "b_3": {"int": 20}}]
    told.remove_worker(nodes[0])
    told.new_dispatch(30, 1000)
    assert list(told) == [{"a_2": {"int": 10}, "b_3": {"int": 20}}]
