"""A made-up claim with three sittings."""

import json
from pathlib import Path

CLAIM = """\
[made-up]
sentence = "Nothing is lost."
unit = "share"
bounds = "range of the runs"
refuted = "a loss"
command = "python -m benchmarks.made_up --record"
minutes = 2
"""


def three_sittings(folder: Path) -> Path:
    """The newest stands first, and the middle one knows a range only."""
    (folder / "proofs.toml").write_text(CLAIM)
    sittings = [
        ("2025-12-03T10:00+00:00", [{"of": "a", "value": 0.3, "low": 0.1, "high": 0.9, "n": 4}]),
        ("2025-12-01", [{"of": "a", "value": 0.2}, {"of": "b", "value": 0.5}]),
        ("2025-12-02", [{"of": "a", "value": None, "low": 0.25, "high": 0.4}]),
    ]
    told = [
        {"claim": "made-up", "at": at, "commit": None, "command": None, "machine": {}, "hour": None, "took_s": None,
         "said": "calm", "figures": figures}
        for at, figures in sittings
    ]  # fmt: skip
    (folder / "made-up.jsonl").write_text("".join(json.dumps(one) + "\n" for one in told))
    return folder
