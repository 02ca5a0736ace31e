"""The recorded run as a results folder, whole or as some of its strategies."""

import gzip
import json
from pathlib import Path

from tests.support.project import RECORDED


def recorded(folder: Path, *strategies: str) -> Path:
    """The folder as the run left it; with the cells of these strategies alone, if any are named."""
    folder.mkdir(exist_ok=True)
    run = json.loads((RECORDED / "run.json").read_text())
    if strategies:
        run["strategies"] = {name: run["strategies"][name] for name in run["strategies"] if name in strategies}
    (folder / "run.json").write_text(json.dumps(run))
    with gzip.open(RECORDED / "windows.jsonl.gz", "rt") as lines:
        kept = [line for line in lines if json.loads(line)["strategy"] in run["strategies"]]
    (folder / "windows.jsonl").write_text("".join(kept))
    return folder
