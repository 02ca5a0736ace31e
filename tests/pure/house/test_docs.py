"""The documents say what the code does, and what is made of them by a command is fresh."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks import proofs
from commands import VERBS
from commands.parser import parser
from docs import kept_run, options
from harness.config import read
from harness.plan.selection import select
from tests.support.project import ROOT

LONGEST = {"README.md": 120, "METHODOLOGY.md": 250, "CONTRIBUTING.md": 120, "BIAS.md": 60}
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "servers/*.md", "results/README.md")
    for path in ROOT.glob(pattern)
)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
OTHERS_OPTIONS = {"--exec", "--record", "--loop"}  # ncat's, the benchmarks', some servers'
LOCUSTS = {
    "--allow-remote", "--csv", "--headless", "--host", "--html", "--json", "--master", "--master-bind-host", "--port",
    "--processes", "--size", "--step", "--users", "--web-host", "--worker",
}  # fmt: skip
OF_HOSTS = {"--build", "--detach", "--expect-workers", "--rm", "--run-time", "--spawn-rate", "--token"}  # others'


def anchors(page: Path) -> set[str]:
    """What a link into a document may name: its headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    """The links of a document that lead nowhere."""
    found = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", DOCUMENTS)
def test_links_and_make_targets_exist(page: str) -> None:
    assert broken(ROOT / page) == []
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"`make ([a-z-]+)", (ROOT / page).read_text()):
        assert target in targets


def test_a_planted_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("## Two words, and more\n")
    (tmp_path / "a.md").write_text("[1](b.md#two-words-and-more) [2](b.md) [3](c.md) [4](b.md#three) [5](#none)")
    assert broken(tmp_path / "a.md") == ["c.md", "b.md#three", "#none"]


@pytest.mark.parametrize("page", LONGEST)
def test_a_document_can_be_read_at_once(page: str) -> None:
    assert (ROOT / page).read_text().count("\n") <= LONGEST[page]


def test_the_method_has_rules_and_every_measured_figure_is_a_proof() -> None:
    text = (ROOT / "METHODOLOGY.md").read_text()
    assert re.findall(r"\b20\d\d-\d\d|\bnois(?:y|ier) hour \(|\bcalm\b|\bdawn\b", text) == []
    linked = set(re.findall(r"docs/proofs\.md#([\w-]+)", text))
    assert linked == {claim.name for claim in proofs.claims()}


def test_every_path_of_contributing_exists() -> None:
    named = re.findall(r"`([\w./]+\.(?:py|toml|md)|\w+/)`", (ROOT / "CONTRIBUTING.md").read_text())
    assert len(named) > 30
    assert [path for path in named if "NAME" not in path and not (ROOT / path).exists()] == []


# --- options ------------------------------------------------------------------------------------------------------


def test_the_document_of_options_is_fresh() -> None:
    """Stale? `make docs` writes it anew."""
    assert options.DOCUMENT.read_text(encoding="utf-8") == options.document()


def test_it_has_every_option_and_others_name_no_other() -> None:
    in_help = {option for command in VERBS for option in OPTION.findall(parser(command).format_help())}
    assert set(OPTION.findall(options.document())) == in_help
    for page in ("README.md", "METHODOLOGY.md", "BIAS.md", *(page for page in DOCUMENTS if page.startswith("docs/"))):
        assert set(OPTION.findall((ROOT / page).read_text())) <= in_help | OTHERS_OPTIONS | (
            {"docs/locust.md": LOCUSTS, "docs/hosts.md": LOCUSTS | OF_HOSTS}.get(page, set())
        ), page


# --- the kept run ---------------------------------------------------------------------------------------------------


def test_the_help_names_every_profile() -> None:
    said = re.search(r"`--profile NAME` \| bench \|([^|]*)", (ROOT / "docs/options.md").read_text())
    assert said is not None
    assert set(read(ROOT / "bench.toml").profiles) <= set(re.findall(r"\w+", said[1]))


def test_the_readme_s_findings_are_fresh() -> None:
    """Stale? `make docs` writes them anew."""
    assert kept_run.README.read_text(encoding="utf-8") == kept_run.fresh()


def test_the_kept_run_has_the_strategies_of_its_profile() -> None:
    """Stale? `make bench kept docs` measures and writes anew."""
    shown = json.loads((ROOT / "docs/run.json").read_text())
    assert shown["outcome"] == "complete"
    config = read(ROOT / "bench.toml")
    assert list(shown["strategies"]) == list(select(config, ",".join(config.profile(shown["profile"]).strategies)))


def made_up(strategy: str, clients: int, cpu_us: float, **others: Any) -> dict[str, Any]:
    usual = {"cpu_rank": 1, "rank": 1, "ratio": 1.0, "ratio_low": 1.0, "ratio_high": 1.0, "starved": 0}
    where = {"service": "echo", "load": "closed", "message_size": 64, "clients": clients}
    return {"strategy": strategy, "server_cpu_us_per_request": cpu_us} | where | usual | others


def test_what_is_said_of_a_kept_run() -> None:
    cells = [
        made_up("quick", 100, 8.0),
        made_up("also", 100, 9.0),
        made_up("dear", 100, 40.0, cpu_rank=3),
        made_up("single", 100, 90.0, cpu_rank=4, starved=99, rank=None),
        made_up("quick", 500, 8.0),
        made_up("dear", 500, 40.0, rank=2, ratio=0.25, ratio_low=0.2, ratio_high=0.31),
        made_up("single", 500, 90.0, rank=None, ratio=0.1, starved=499),
        made_up("quick", 100, 1.0, message_size=1024),
    ]
    cost, crowd, starved = kept_run.sentences({"reference": "quick"}, pd.DataFrame(cells))
    assert cost == (
        "With 100 clients a request costs a server that serves them all from 8.00 µs (`quick`) to 40.0 µs (`dear`) "
        "of CPU time; `also` and `quick` share the first rank."
    )
    assert crowd == (
        "With 500 clients `dear` answers 0.25 times (0.20 to 0.31) as many requests as `quick`; `quick` has the first "
        "rank."
    )
    assert starved == "Of 100 clients `single` serves 1 and leaves the others waiting."


def test_the_first_rank_is_that_of_those_of_whom_is_spoken() -> None:
    """The cheapest of all leaves clients waiting; the fastest of all can't be ranked, as the loader limits it."""
    cells = [
        made_up("single", 100, 5.0, starved=99, rank=None),
        made_up("limited", 100, 8.0, cpu_rank=2, rank=None),
        made_up("also", 100, 8.1, cpu_rank=2, rank=2),
        made_up("dear", 100, 40.0, cpu_rank=4, rank=3, ratio=0.25, ratio_low=0.2, ratio_high=0.31),
    ]
    cost, crowd, _ = kept_run.sentences({"reference": "quick"}, pd.DataFrame(cells))
    assert "from 8.00 µs (`limited`) to 40.0 µs (`dear`)" in cost
    assert cost.endswith("; `also` and `limited` share the first rank.")
    assert crowd.endswith("; `also` has the first rank.")


def test_a_cost_that_is_not_to_be_relied_on_is_no_finding() -> None:
    """One that never rests, say, has no rank of cost: it is neither the cheapest nor the dearest."""
    cells = [
        made_up("spins", 100, 1.0, cpu_rank=None),
        made_up("quick", 100, 8.0),
        made_up("dear", 100, 40.0, cpu_rank=2, rank=2),
        made_up("endless", 100, 400.0, cpu_rank=None),
    ]
    cost, *_ = kept_run.sentences({"reference": "quick"}, pd.DataFrame(cells))
    assert "from 8.00 µs (`quick`) to 40.0 µs (`dear`)" in cost


# --- strategies ---------------------------------------------------------------------------------------------------


def test_every_strategy_has_its_row_in_the_contract_and_its_family() -> None:
    contract, learn = (ROOT / "servers/README.md").read_text(), (ROOT / "docs/learn.md").read_text()
    for name in read(ROOT / "bench.toml").strategies:
        assert re.search(rf"^\| `{re.escape(name)}` \|", contract, re.MULTILINE), name
        assert f"`{name}`" in learn, name
