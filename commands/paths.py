"""The repository's folders and files that commands work on."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH_FILE = ROOT / "bench.toml"
RESULTS = ROOT / "results"
ENVIRONMENTS = ROOT / ".variants"  # of variants that have requirements, built once
