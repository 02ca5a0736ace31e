"""What comes of a gate: its charts, and its result in the formats of other programs, in the folder of its run."""

from collections.abc import Callable
from pathlib import Path

from analysis.drawing import gate as chart
from analysis.export import bencher, github_action, junit, markdown
from analysis.gate.result import Gate
from analysis.records import writing

# An export is a file of analysis/export with a function from a gate to a text (empty: nothing to say), and a line here.
EXPORTS: dict[str, Callable[[Gate], str]] = {
    "gate.md": markdown.render,
    "gate.junit.xml": junit.render,
    "gate.bencher.json": bencher.render,
    "gate.bigger-is-better.json": github_action.bigger_is_better,
    "gate.smaller-is-better.json": github_action.smaller_is_better,
}


def write(gate: Gate) -> list[Path]:
    """Write the charts and every export, each whole or not at all; the paths written. OSError.

    An export without a figure isn't written, as other programs refuse an empty one; nor is an earlier one left.
    """
    folder = gate.results.folder
    paths = chart.draw(gate, folder / "charts")
    for name, render in EXPORTS.items():
        text = render(gate)
        if not text:
            (folder / name).unlink(missing_ok=True)
            continue
        paths.append(writing.write(folder / name, text))
    return paths
