"""Files of claims: what they may say, what is wrong in a line, and the plan that follows."""

import re
from pathlib import Path

import pytest

from harness.config import ConfigError, claims, read
from harness.plan import trial
from harness.probes import PROBES
from tests.support.claimed import BENCH, planned
from tests.support.project import ROOT

HEAD = '[[claims]]\nname = "mine"\ntext = "It is so."\n'
MATRIX = 'matrix = [{ service = ["echo"], clients = [10, 100] }]\n'
RULE = 'figure = "throughput_rps", who = "epoll", by = "poll", at_least = 1'
PROBED = "rules = [{{ figure = {}, at_least = 1 }}]\n"
AT_10 = f"rules = [{{ {RULE}, at = {{ clients = 10 }} }}]\n"


def test_a_claim_of_ones_own_takes_eight_lines_at_most() -> None:
    block = re.search(r"```toml\n(.*?)```", (ROOT / "docs" / "claims.md").read_text(), re.DOTALL)
    assert block
    assert len(block[1].splitlines()) <= 8


def test_the_claim_of_the_document_can_be_tried(tmp_path: Path) -> None:
    block = re.search(r"```toml\n(.*?)```", (ROOT / "docs" / "claims.md").read_text(), re.DOTALL)
    assert block
    made = planned(tmp_path, block[1])
    assert [made.plan.members(group) for group in made.plan.groups] == [["asyncio-protocol", "uvloop"]]


@pytest.mark.parametrize("name", claims.shipped())
def test_what_comes_with_the_project_can_be_tried_and_is_told(name: str) -> None:
    config = read(BENCH)
    file, path = claims.read(name, config, PROBES)
    made = trial.make(config, file, path, config.trial["quick"], None, None)
    for claim, told in zip(file.claims, made.claims, strict=True):
        assert claim.source
        assert claim.means
        assert claim.changes
        assert claim.rules or claim.not_testable
        if not told["lacking"]:
            assert all(rule["points"] for rule in told["rules"] if rule["kind"] != "probe")
    assert made.plan.expected_seconds < 480  # of the ten minutes


def test_the_chapter_has_fifteen() -> None:
    file, _ = claims.read("chapter", read(BENCH), PROBES)
    assert len(file.claims) == 15


def test_claims_share_points_and_servers(tmp_path: Path) -> None:
    again = HEAD.replace("mine", "another") + MATRIX + AT_10.replace('"poll"', '"select"')
    made = planned(tmp_path, HEAD + MATRIX + AT_10 + again)
    assert [(group.clients, made.plan.members(group)) for group in made.plan.groups] == [
        (10, ["select", "poll", "epoll"]),
        (100, ["select", "poll", "epoll"]),
    ]


def test_a_rule_names_its_cells_in_full(tmp_path: Path) -> None:
    growth = f'rules = [{{ {RULE}, growth = {{ clients = [10, 100] }} }}, {{ {RULE}, along = "clients" }}]\n'
    made = planned(tmp_path, HEAD + MATRIX + growth)
    grown, along = made.claims[0]["rules"]
    assert [grown["kind"], grown["axis"]] == ["growth", "clients"]
    assert [point["clients"] for point in grown["points"]] == [10, 100]
    assert [along["kind"], [point["clients"] for point in along["points"]]] == ["along", [10, 100]]
    assert all(point["handler"] == "none" and point["message_size"] == 64 for point in grown["points"])


def test_what_this_machine_lacks_is_told_and_the_rest_is_tried(tmp_path: Path) -> None:
    matrix = 'matrix = [{ service = ["echo"], clients = [10], cpus = [1, 999], along = "cpus" }]\n'
    rules = 'rules = [{ figure = "throughput_rps", who = "epoll", growth = { cpus = [1, 999] }, at_least = 1 }]\n'
    made = planned(tmp_path, HEAD + matrix + rules + HEAD.replace("mine", "another") + MATRIX + AT_10)
    lacking, there = (claim["lacking"] for claim in made.claims)
    assert "999 CPUs" in lacking
    assert str(tmp_path) not in lacking
    assert there == ""
    assert len(made.plan.groups) == 2


def test_probes_alone_have_a_run_too(tmp_path: Path) -> None:
    made = planned(
        tmp_path, HEAD + 'rules = [{ figure = "restart.refused", case = "without", who = "epoll", at_least = 1 }]'
    )
    assert made.probes == {"restart": ["epoll"]}
    assert made.plan.groups


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD + MATRIX, ["claims.mine: has no rule", "not_testable"]),
        (HEAD + MATRIX + AT_10.replace('"poll"', '"epoll"'), ["rules.0: who and by are both epoll", "growth"]),
        (HEAD + MATRIX + AT_10.replace('"poll"', '"gunicorn"'), ["by: gunicorn offers http, and the matrix has echo"]),
        (HEAD + MATRIX + AT_10.replace("at_least = 1", 'at_least = "10ms"'), ["at_least", "a number without a unit"]),
        (HEAD + MATRIX + AT_10.replace('"poll"', '"nobody"'), ["no strategy 'nobody'", "the nearest of"]),
        (HEAD + MATRIX + "rules = []\n", ["claims.mine: has no rule"]),
        (HEAD + MATRIX + AT_10.replace('"poll"', '"pol"'), ["claims.mine.rules.0.by: no strategy 'pol'", '"poll"']),
        (HEAD + MATRIX + AT_10.replace("throughput_rps", "throughput"), ["no figure", '"throughput_rps"']),
        (HEAD + MATRIX + AT_10.replace("clients =", "client ="), ["no axis 'client'", '"clients"']),
        (HEAD + MATRIX + AT_10.replace("= 10 ", "= 11 "), ["rules.0.at: the matrix has nothing at clients = 11"]),
        (HEAD + MATRIX + f"rules = [{{ {RULE} }}]", ["has several clients (10, 100)", "at = { clients = ... }"]),
        (HEAD + MATRIX + AT_10.replace("at_least = 1", "at_least = 0"), ["more than 0"]),
        (HEAD + MATRIX + AT_10.replace("at_least = 1, ", ""), ["has no threshold, or two"]),
        (HEAD + MATRIX + AT_10.replace("at_least", "at_leest"), ["at_leest: unknown key", '"at_least"']),
        (HEAD + AT_10, ["claims.mine: has nothing to be tried on", "matrix ="]),
        (HEAD + MATRIX.replace("clients", 'strategies = ["epol"], clients') + AT_10, ["no strategy 'epol'"]),
        (HEAD + MATRIX + AT_10 + HEAD + MATRIX + AT_10, ["claims.mine: is there twice"]),
        (HEAD.replace("mine", "a b") + MATRIX + AT_10, ["claims.a b.name", "not a name"]),
        (HEAD + 'rules = [{ figure = "restar.refused", at_least = 1 }]', ["no probe 'restar'", '"restart"']),
        (HEAD + MATRIX + f"rules = [{{ {RULE}, along = \"transports\" }}]", ["transports has no values between"]),
        (HEAD + MATRIX + f"rules = [{{ {RULE}, growth = {{ clients = [10] }} }}]", ["from one value to another"]),
        (HEAD + MATRIX + f"rules = [{{ {RULE}, growth = {{ clients = [10, 7] }} }}]", ["has no clients = 7"]),
        (HEAD + MATRIX + AT_10.replace("throughput_rps", "starved"), ["starved is counted; leave by"]),
        (HEAD + PROBED.format('"backlog.refusd", case = "listen(5)"'), ["no figure 'refusd'", '"refused"']),
        (HEAD + PROBED.format('"backlog.refused", case = "listen(6)"'), ["no case 'listen(6)'", "listen(128)"]),
        (HEAD + PROBED.format('"restart.refused", case = "without"'), ["who: restart is asked of a strategy"]),
        (HEAD + PROBED.format('"anatomy.names", who = "epoll"'), ["case: anatomy has no case", "its code"]),
        ("", ["claims: is missing"]),
        ("claims = 3", ["claims", "not a list"]),
        ("[[claims]\n", ["not TOML"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_with_file_key_and_remedy(tmp_path: Path, text: str, says: list[str]) -> None:
    with pytest.raises(ConfigError) as refused:
        planned(tmp_path, text)
    line = str(refused.value)
    assert line.startswith(f"{tmp_path / 'mine.toml'}: ")
    assert "\n" not in line
    for words in says:
        assert words in line


def test_some_claims_of_a_file_are_tried_alone() -> None:
    file, path = claims.read("chapter", read(BENCH), PROBES)
    assert [one.name for one in claims.only(file, ["receive-1024", "port-in-use"], path).claims] == [
        "receive-1024", "port-in-use",
    ]  # fmt: skip
    assert claims.only(file, [], path) == file
    with pytest.raises(ConfigError, match=r'--only port-in-us: .*chapter.toml has no claim .*"port-in-use"'):
        claims.only(file, ["port-in-us"], path)


def test_a_file_that_isnt_there_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"nothing.toml: no such file; there are chapter, famous, or name a file"):
        claims.read("nothing.toml", read(BENCH), PROBES)
