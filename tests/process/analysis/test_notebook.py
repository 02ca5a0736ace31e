"""The notebook, carried out from top to bottom against a part of the recorded run."""

from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from tests.support.project import ROOT
from tests.support.recorded import recorded

NOTEBOOK = ROOT / "analysis" / "notebook.py"


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The run that the notebook takes."""
    made = recorded(tmp_path / "run", "blocking", "epoll", "asyncio")
    monkeypatch.setenv("RESULTS", str(made))
    return made


def carried_out(before: str = "") -> NotebookNode:
    """The notebook with its outputs, after a cell of other code. Raises CellExecutionError where a cell fails."""
    notebook = jupytext.read(NOTEBOOK)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code[0].source = f"{before}\n{code[0].source}"
    place = {"metadata": {"path": str(ROOT)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=place).execute()
    return notebook


def test_the_notebook_walks_from_windows_to_each_chart() -> None:
    outputs = [output for cell in carried_out().cells if cell.cell_type == "code" for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"display_data"}  # nothing is printed, and nothing warns
    drawn = [output for output in outputs if "image/png" in output.data]
    said = "\n".join(output.data.get("text/markdown", "") for output in outputs)
    named = [
        "throughput_vs_clients",
        "throughput_vs_size",
        "latency_vs_clients",
        "latency_distribution",
        "cpu_per_request",
    ]
    assert len(drawn) == len(named)
    assert all(f"['{name}']" in said for name in named)
    assert "20261127-043335-default" in said


@pytest.mark.parametrize("column", ["counted_s", "p999_us"])
def test_without_a_column_of_the_schema_it_fails(column: str) -> None:
    """One of windows, and one of cells."""
    without = (
        "from analysis.records import schema\n"
        "for fields in (schema.COLUMNS, *schema.RECORDS.values()):\n"
        f"    fields.pop({column!r}, None)\n"
    )
    with pytest.raises(CellExecutionError) as error:
        carried_out(without)
    assert (error.value.ename, column in error.value.evalue) == ("KeyError", True)
