"""Whole runs, of which nothing is left after the test."""

from tests.support.bench import bench

__all__ = ["bench"]
