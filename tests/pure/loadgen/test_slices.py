"""A window's slices: each request belongs to the one in which it was meant to start; workers' slices are added up."""

import numpy as np
from hdrh.histogram import HdrHistogram

from loadgen import slices
from loadgen.log import Log

MS = 10**6


def told(log: Log) -> list[slices.Slice]:
    return slices.of(log, np.array([0, 5, 12, 19, 21]) * MS, 0, 20 * MS, 0.01)


def log() -> Log:
    """Meant for 0 ms and answered at 2; meant for 5, sent at 11 and answered at 13; meant for 12, never answered."""
    made = Log()
    made.answered_ns, made.took_ns, made.delayed_ns = [2 * MS, 13 * MS], [2 * MS, 2 * MS], [0, 6 * MS]
    made.drawn = [(0, 0, 2 * MS, 0, 0), (11 * MS, 6 * MS, 13 * MS, 0, 1)]
    return made


def test_a_request_belongs_where_it_was_meant_to_start() -> None:
    first, second = told(log())
    assert (first["offered"], first["answered"]) == (2, 2)
    assert (second["offered"], second["answered"]) == (2, 0)
    assert HdrHistogram.decode(first["latency_hdr"]).get_max_value() // MS == 8  # from the intended start
    assert first["service_max_ns"] == 2 * MS
    assert (second["latency_hdr"], second["service_max_ns"]) == (None, 0)


def test_slices_of_workers_are_added_up() -> None:
    first, second = slices.merge([told(log()), told(log())]) or []
    assert (first["offered"], first["answered"], second["offered"]) == (4, 4, 4)
    assert HdrHistogram.decode(first["latency_hdr"]).get_total_count() == 4
    assert slices.merge([None, None]) is None
