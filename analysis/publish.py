"""All forms of a gate's result, in the folder of its run.

`python -m analysis.publish RESULTS` prints and writes them again.
"""

import sys
from pathlib import Path

from rich.console import Console

from analysis.command import main
from analysis.drawing import gate as chart
from analysis.export import bencher, junit, markdown
from analysis.export import github_action as action
from analysis.gate.result import Gate, examine
from analysis.records.reading import Results
from analysis.tables import gate as table


def write(gate: Gate) -> list[Path]:
    """The charts, and gate.md, gate.xml and so on; each whole or not at all. OSError."""
    folder = gate.results.folder
    texts = {
        "gate.md": markdown.render(gate),
        "gate.junit.xml": junit.render(gate),
        "gate.bencher.json": bencher.render(gate),
        "gate.bigger-is-better.json": action.render(gate, bigger_is_better=True),
        "gate.smaller-is-better.json": action.render(gate, bigger_is_better=False),
    }
    paths = chart.draw(gate, folder / "charts")
    for name, text in texts.items():
        unfinished = folder / f".{name}"
        unfinished.write_text(text, encoding="utf-8")
        paths.append(unfinished.replace(folder / name))
    return paths


def _again(results: Results) -> list[Path]:
    found = examine(results)
    table.render(found, Console())
    return write(found)


if __name__ == "__main__":
    sys.exit(main("python -m analysis.publish", "the result of a gate, in all its forms", _again))
