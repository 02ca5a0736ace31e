"""bench.toml: its tables, and how it is read."""

from harness.config.matrix import Matrix, Rate, Time
from harness.config.moved import command_now
from harness.config.reading import read, strategies_of
from harness.config.selection import WORDS, meant
from harness.config.strategy import Strategy
from harness.config.table import ConfigError, nearest
from harness.config.tables import SERVICES, Config, Gate, Servers, Thresholds, Variant, Window

__all__ = ["SERVICES", "WORDS", "Config", "ConfigError", "Gate", "Matrix", "Rate", "Servers", "Strategy",
           "Thresholds", "Time", "Variant", "Window", "command_now", "meant", "nearest", "read",
           "strategies_of"]  # fmt: skip
