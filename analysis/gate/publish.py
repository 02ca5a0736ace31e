"""All forms of a gate's result, in the folder of its run.

`python -m analysis.gate.publish RESULTS` prints and writes them again.
"""

import sys
from pathlib import Path

from rich.console import Console

from analysis.command import main
from analysis.gate import action, bencher, chart, junit, markdown, table
from analysis.gate.result import Gate, examine
from analysis.records import Results


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
    sys.exit(main("python -m analysis.gate.publish", "the result of a gate, in all its forms", _again))
