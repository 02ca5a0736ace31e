"""Company as axes: what a plan makes of it, who takes no part, what has no room, and what is no company at all."""

import re
from pathlib import Path
from typing import Any

import pytest

import axes
from harness import machine
from harness.config import Config, ConfigError, read
from harness.plan import plan, selection
from harness.plan.plan import Overrides, Plan
from tests.support.project import CONFIG, ROOT

PROFILE = """
[profiles.tiny]
blocks = 2
rounds = 3
matrix = [{ service = ["echo"], clients = [10], sizes = [64], %s }]
"""
ALONG = 'company = ["idle"], company_sizes = [100, 0, 1000], along = "company_sizes"'
GIB = 2**30


def configured(folder: Path, beside: str) -> Config:
    (folder / "mine.toml").write_text(PROFILE % beside)
    return read(ROOT / "bench.toml", folder / "mine.toml")


def planned(config: Config, wanted: str = "epoll,poll", **given: list[Any]) -> Plan:
    return plan.make(config, selection.select(config, wanted), "tiny", Overrides(given))


def test_sizes_are_members_of_one_group_with_servers_of_their_own(tmp_path: Path) -> None:
    made = planned(configured(tmp_path, ALONG))
    (group,) = made.groups
    assert str(group) == "echo, 10 clients, 64 B, beside idle connections, 0 | 100 | 1,000 of them"
    assert made.members(group) == [
        "poll", "poll (idle, 100)", "poll (idle, 1,000)", "epoll", "epoll (idle, 100)", "epoll (idle, 1,000)",
    ]  # fmt: skip
    assert made.servers_a_block == 6
    assert {entry.settings["handler"] for entry in made.entries[group].values()} == {"none"}
    assert made.crowds("echo", 0) == []


def test_who_has_no_company_has_the_same_server_beside_all_kinds(tmp_path: Path) -> None:
    both = 'company = ["slow", "chat"], company_sizes = [0, 9], along = "company_sizes"'
    made = planned(configured(tmp_path, both), "epoll")
    assert [str(group).partition("beside ")[2] for group in made.groups] == [
        "slow readers, 0 | 9 of them", "chat sessions, 0 | 9 of them",
    ]  # fmt: skip
    assert list(made.servers(made.groups)) == ["epoll", "epoll (slow, 9)", "epoll (chat, 9)"]


def test_a_plan_without_company_says_nothing_of_it() -> None:
    made = plan.make(CONFIG, selection.select(CONFIG, "epoll"), "quick", Overrides())
    assert str(made.groups[0]) == "echo, 100 clients, 64 B"
    assert made.members(made.groups[0]) == ["epoll"]
    assert axes.company_of(made.groups[0].values) == ("none", 0)


def test_the_values_of_a_strategy_are_in_one_wave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though there is no room for all strategies at once."""
    config = configured(tmp_path, ALONG)
    monkeypatch.setattr(machine, "available_memory", lambda: 200 * 2**20)  # 64 KiB a connection, seven tenths of it
    made = planned(config, "poll,epoll,twisted")
    assert made.waves[made.groups[0]] == [
        [name, f"{name} (idle, 100)", f"{name} (idle, 1,000)"] for name in ("poll", "twisted", "epoll")
    ]


# --- who takes no part -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "wanted", "skipped"),
    [
        ("idle", "blocking", ["poll"]),
        ("slow", "thread-pool", ["poll"]),
        ("chat", "thread-pool", ["poll"]),
        ("churn", "thread-pool", ["thread-pool", "poll"]),  # who leaves makes room
        ("burst", "thread-pool", ["thread-pool", "poll"]),
    ],
)
def test_who_serves_fewer_than_come_and_stay_is_skipped(
    tmp_path: Path, kind: str, wanted: str, skipped: list[str]
) -> None:
    made = planned(configured(tmp_path, f'company = ["{kind}"], company_sizes = [32]'), f"{wanted},poll")
    left = [name.partition(" ")[0] for name in made.members(made.groups[0])]
    assert sorted(left) == sorted(skipped)
    if wanted not in left:
        serves = CONFIG.strategies[wanted].serves
        assert made.skipped == {
            f"serves {serves} at a time: the 32 that come before its clients and stay take all its places": [wanted]
        }


def test_who_has_a_place_left_takes_part(tmp_path: Path) -> None:
    made = planned(configured(tmp_path, 'company = ["idle"], company_sizes = [31]'), "thread-pool")
    assert made.members(made.groups[0]) == ["thread-pool (idle, 31)"]


# --- what has no room --------------------------------------------------------------------------------------------


def test_beyond_the_descriptors_it_is_refused_with_the_number_that_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "descriptor_limit", lambda: 5000)
    with pytest.raises(ConfigError) as refused:
        planned(configured(tmp_path, 'company = ["idle"], company_sizes = [5000]'))
    assert str(refused.value) == (
        f"{tmp_path}/mine.toml: a company of 5,000 beside 10 clients needs 5,210 open files in a server, and a process "
        "may have 5,000 here; 4,790 fit: take no more, or raise `ulimit -Hn`"
    )
    made = planned(configured(tmp_path, 'company = ["idle"], company_sizes = [4790]'))
    assert made.descriptors == 5000


def test_beyond_the_memory_it_is_refused_with_the_number_that_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "available_memory", lambda: GIB)
    config = configured(tmp_path, 'company = ["idle"], company_sizes = [3000]')
    with pytest.raises(ConfigError) as refused:
        planned(config, "epoll,forking", company_sizes=[2000])
    found = re.fullmatch(
        r"--company-sizes: a company of 2,000 beside 10 clients takes 2\.2 GiB of memory with forking alone, and "
        r"0\.7 GiB can be had here; (\d+) fit: take no more, or leave forking out",
        str(refused.value),
    )
    assert found
    assert planned(config, "epoll,forking", company_sizes=[int(found[1])])
    with pytest.raises(ConfigError):
        planned(config, "epoll,forking", company_sizes=[int(found[1]) + 2])


def test_slow_readers_leave_their_replies_somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_memory", lambda: GIB)
    config = configured(tmp_path, 'company = ["idle"], company_sizes = [1500]')
    assert planned(config, "epoll")
    with pytest.raises(ConfigError, match="fit: take no more"):
        planned(config, "epoll", company=["slow"])


# --- what is no company ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("beside", "says"),
    [
        ('company = ["idle"]', "idle takes a number; give company_sizes (--company-sizes), such as [0, 100]"),
        ("company_sizes = [5]", "company_sizes: there is no company; give company (--company): none, idle, slow"),
        (
            'company = ["chat"], company_sizes = [5], transports = ["udp"]',
            "udp: company is of connections, which datagrams have none of; leave it out",
        ),
        ('company = ["idel"], company_sizes = [5]', "matrix.0.company.0"),
        ('company = ["idle"], company_sizes = [-5]', "matrix.0.company_sizes.0"),
    ],
)
def test_what_is_no_company_is_one_line(tmp_path: Path, beside: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        configured(tmp_path, beside)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path}/mine.toml: profiles.tiny.matrix.0")


@pytest.mark.parametrize("service", ["greet", "log", "http", "xmlrpc"])
def test_it_is_of_the_service_whose_connections_stay(tmp_path: Path, service: str) -> None:
    (tmp_path / "mine.toml").write_text(PROFILE.replace('"echo"', f'"{service}"') % ALONG)
    with pytest.raises(ConfigError, match=f"idle: service {service} keeps no connection .* take echo alone"):
        read(ROOT / "bench.toml", tmp_path / "mine.toml")


def test_options_are_held_to_the_same() -> None:
    with pytest.raises(ConfigError, match=r"^--company: idle takes a number"):
        plan.make(CONFIG, selection.select(CONFIG, "epoll"), "quick", Overrides({"company": ["idle"]}))


@pytest.mark.parametrize("profile", ["company", "unkind"])
def test_the_profiles_end_within_ten_minutes(profile: str) -> None:
    words = ",".join(CONFIG.profile(profile).strategies)
    made = plan.make(CONFIG, selection.select(CONFIG, words), profile, Overrides())
    assert made.at_most_s is not None
    assert made.expected_seconds <= made.at_most_s <= 600
    assert all(len(waves) == 1 for waves in made.waves.values()) or machine.descriptor_limit() < 20_000
