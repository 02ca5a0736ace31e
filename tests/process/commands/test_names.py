"""What may be called how, and that text from outside never becomes markup."""

import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from analysis.export import junit
from analysis.gate.result import examine
from analysis.judging import cells
from analysis.records.reading import read as results_of
from analysis.tables import gate as gate_table
from analysis.tables import run as run_table
from harness import terminal
from harness.config import ConfigError, read
from harness.conformance.suite import Conformance
from tests.support.command_line import TINY, Case
from tests.support.made_up import MadeUp, MadeUpGate
from tests.support.project import ROOT

BAD = ["net/http", "../../escaped", "mine[v2]", "a[/b]", "a,b", "epoll@head", "epol*", "two words", "two\nlines", "",
       "-dash", ".hidden", "7up", "x" * 41, "caf\u00e9"]  # fmt: skip
TAKEN = ["null", "none", "None", "all", "chapter", "NaN", "NA"]
GOOD = ["a", "x" * 40, "twisted-24.11", "my_server", "py313", "Allsorts", "nullable"]

ENTRIES = {
    "strategies": '[strategies]\n{name} = {{ command = "true" }}\n',
    "variants": "[variants.{name}]\n",
    "families": '[families.{name}]\nwaits = "for a friend"\n',
    "profiles": '[profiles.{name}]\nblocks = 2\nrounds = 1\nmatrix = [{{ service = ["echo"], clients = [1] }}]\n',
}


def refusal(folder: Path, table: str, name: str) -> str:
    path = folder / "mine.toml"
    path.write_text(ENTRIES[table].format(name=json.dumps(name)))
    with pytest.raises(ConfigError) as refused:
        read(ROOT / "bench.toml", path)
    line = str(refused.value)
    assert line.startswith(f"{path}: {table}.")
    assert "\n" not in line
    return line


@pytest.mark.parametrize("table", ENTRIES)
@pytest.mark.parametrize("name", BAD, ids=ascii)
def test_what_is_no_name_is_refused_with_the_rule(tmp_path: Path, table: str, name: str) -> None:
    line = refusal(tmp_path, table, name)
    assert f"{table}.{json.dumps(name)}: not a name: " in line or f"{table}.{name}: not a name: " in line
    assert "a letter first" in line


@pytest.mark.parametrize("table", ["strategies", "variants", "families"])
@pytest.mark.parametrize("name", TAKEN)
def test_words_of_options_and_tables_are_taken(tmp_path: Path, table: str, name: str) -> None:
    assert refusal(tmp_path, table, name).endswith(
        f"{table}.{name}: the word has a meaning of its own; choose another name"
    )


@pytest.mark.parametrize("name", GOOD)
def test_names_that_may_be(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("".join(entry.format(name=json.dumps(name)) for entry in ENTRIES.values()))
    config = read(ROOT / "bench.toml", path)
    assert all(name in named for named in (config.strategies, config.variants, config.families, config.profiles))


def test_at_the_command_line_it_is_one_line_and_2(tmp_path: Path) -> None:
    ended = Case("--list --strategies epoll", (), f'{TINY}[strategies]\n"a[/b]" = "true"\n').run(tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert 'strategies."a[/b]": not a name' in line


# --- text from outside -----------------------------------------------------------------------------------------

MARKUP = "a[/b] [red]x[/red]"


def test_tables_print_names_as_they_stand(tmp_path: Path) -> None:
    """A results folder may be a stranger's, or older than the rule."""
    said = io.StringIO()
    console = Console(file=said, width=200)
    results = results_of(MadeUp(capacity={MARKUP: 1e4, "epoll": 1e4}, groups=[(3, 64)], blocks=2).write(tmp_path / "a"))
    run_table.render(results, cells.tabulate(results), console)
    for reference in ("[/b]", MARKUP):  # one that isn't there, and one that heads a column
        (tmp_path / "a/run.json").write_text(json.dumps(results.run | {"reference": reference}))
        changed = results_of(tmp_path / "a")
        run_table.render(changed, cells.tabulate(changed), console)
    gate_table.render(examine(results_of(MadeUpGate(throughput={MARKUP: 1.0}).write(tmp_path / "b"))), console)
    assert said.getvalue().count(MARKUP) >= 3
    assert "No ratios without [/b]" in said.getvalue()
    assert f"of {MARKUP}"[:16] in said.getvalue()


def test_the_terminal_prints_names_as_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.progress(1.0, "s") as tell:
        tell(0.0, MARKUP)
    terminal.say_conformance({MARKUP: Conformance(failures=[MARKUP])})
    assert capsys.readouterr().out.count(MARKUP) == 3


def test_xml_is_well_formed_whatever_a_server_says(tmp_path: Path) -> None:
    name = "a<b>&\x00\x1b\ud800\ufffe\U0001f600"
    found = examine(results_of(MadeUpGate(throughput={name: 1.0}).write(tmp_path)))
    cases = ElementTree.fromstring(junit.render(found).encode("utf-8")).iter("testcase")
    assert next(cases).get("name") == "a<b>&?\U0001f600: throughput"  # what is no character was read as ?
