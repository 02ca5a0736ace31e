"""From configuration and options to a plan, and from the plan to an order of windows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from harness import machine, plan
from harness.config import Config, ConfigError, Strategy, read
from harness.plan import Group, Overrides, Plan
from harness.precision import Precision

MATRIX = """
[profiles.tiny]
blocks = 2
rounds = 3
matrix = [
    { service = ["echo"], clients = [1, 10], sizes = [64, "1KiB"] },
    { service = ["echo"], clients = [10], sizes = [64], requests_per_connection = [0, 5] },
    { service = ["greet"], clients = [10], sizes = [64, 100], requests_per_connection = [3] },
    { service = ["log"], clients = [10], sizes = [64], requests_per_connection = [3] },
]
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "mine.toml").write_text(MATRIX)
    return read(ROOT / "bench.toml", tmp_path / "mine.toml")


def made(
    config: Config, overrides: Overrides | None = None, seed: int | None = None, wanted: str = "all", **more: Any
) -> Plan:
    return plan.make(config, plan.select(config, wanted), "tiny", overrides or Overrides(), seed, **more)


def two_forms(config: Config, wanted: str) -> dict[str, Strategy]:
    """Each strategy as base and as head."""
    forms = [one.model_copy(update={"variant": variant})
             for one in plan.select(config, wanted).values() for variant in ("base", "head")]  # fmt: skip
    return {form.label: form for form in forms}


def order(made: Plan) -> list[list[str]]:
    """Of every round, as a run asks for it."""
    return [
        made.in_turn(made.members(group), block, group, round_)
        for block in range(made.blocks)
        for group in made.shuffled(made.groups, block)
        for round_ in range(made.rounds)
    ]


def test_matrix_is_a_product_without_doubles(config: Config) -> None:
    assert made(config).groups == [
        Group("echo", 1, 64, 0),
        Group("echo", 1, 1024, 0),
        Group("echo", 10, 64, 0),
        Group("echo", 10, 1024, 0),
        Group("echo", 10, 64, 5),
        Group("greet", 10, 26, 1),  # its size is the greeting's
        Group("log", 10, 64, 1),
    ]


def test_same_seed_same_order(config: Config) -> None:
    assert order(made(config, seed=7)) == order(made(config, seed=7))


def test_other_seed_other_order(config: Config) -> None:
    assert order(made(config, seed=7)) != order(made(config, seed=8))
    assert order(made(config)) == order(made(config, seed=config.seed))


def test_every_member_once_a_round(config: Config) -> None:
    rounds = order(made(config))
    assert len(rounds) == 2 * 7 * 3
    assert all(sorted(round_) == sorted(config.strategies) for round_ in rounds)
    assert len(set(map(tuple, rounds))) > 1


def test_overrides_replace_their_axis_and_no_other(config: Config) -> None:
    groups = made(config, Overrides(clients=[7], sizes=[128, 256])).groups
    assert {group.clients for group in groups} == {7}
    assert {group.message_size for group in groups if group.service != "greet"} == {128, 256}
    assert {group.requests_per_connection for group in groups} == {0, 5, 1}
    assert {group.service for group in made(config, Overrides(services=["log"])).groups} == {"log"}


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("epoll", ["epoll"]),
        ("epoll,blocking", ["blocking", "epoll"]),  # in bench.toml's order
        ("asyncio*", ["asyncio", "asyncio-protocol", "asyncio-buffered"]),
        (" select , select,poll ", ["select", "poll"]),
    ],
)
def test_selection(config: Config, wanted: str, names: list[str]) -> None:
    assert list(plan.select(config, wanted)) == names


def test_selection_by_word(config: Config) -> None:
    assert plan.select(config, "all") == config.strategies
    chapter = plan.select(config, "chapter")
    assert "blocking" in chapter
    assert "epoll" not in chapter
    assert all(strategy.listing for strategy in chapter.values())


def test_strategy_is_only_in_groups_it_serves(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(f"{MATRIX}[strategies.half]\ncommand = 'true'\nservices = ['echo']\n")
    config = read(ROOT / "bench.toml", tmp_path / "mine.toml")
    found = made(config, wanted="half,epoll")
    for group in found.groups:
        assert found.members(group) == ["epoll", "half"] if group.service == "echo" else ["epoll"]


def test_costly_connections_make_waves(tmp_path: Path) -> None:
    memory = machine.available_memory()
    (tmp_path / "mine.toml").write_text(
        f"{MATRIX}[strategies]\n"
        + "".join(f"fat{n} = {{ command = 'true', memory_per_client = {memory // 20} }}\n" for n in range(3))
    )
    found = made(read(ROOT / "bench.toml", tmp_path / "mine.toml"), wanted="fat*")
    assert found.waves[Group("echo", 10, 64, 0)] == [["fat0"], ["fat1"], ["fat2"]]
    assert found.waves[Group("echo", 1, 64, 0)] == [["fat0", "fat1", "fat2"]]


def test_more_workers_than_cpus_is_marked(config: Config) -> None:
    cpus = len(made(config).loader_cpus)
    assert not any("test of function" in str(note) for note in made(config).notes)
    many = made(config, workers=cpus + 64)
    assert any("test of function" in str(note) for note in many.notes)


def test_expected_time_grows_with_the_plan(config: Config) -> None:
    small, large = made(config, wanted="epoll"), made(config)
    assert 0 < small.windows_seconds < small.expected_seconds < large.expected_seconds
    assert 0 < large.expected_interval < 1


def test_profiles_of_bench_toml_keep_their_promises() -> None:
    config = read(ROOT / "bench.toml")
    quick, default = (plan.make(config, config.strategies, name, Overrides()) for name in ("quick", "default"))
    assert quick.blocks >= 4
    assert quick.expected_seconds <= 60
    assert default.blocks >= 6
    assert default.expected_seconds <= 300
    assert quick.at_most_s is not None
    assert quick.at_most_s <= 60
    assert default.at_most_s is not None
    assert default.at_most_s <= 300
    assert len({group.clients for group in default.groups}) > 2
    assert len({group.message_size for group in default.groups}) > 2


@pytest.mark.parametrize(
    ("done", "rounds"),
    [
        ([(10, 10)], 10),  # in time
        ([(10, 12)], 8),  # 96 s for 9 blocks
        ([(10, 20)] * 3 + [(4, 8)] * 2, 3),  # 32 s for 5 blocks, which take 20 with all rounds
        ([(10, 12), (2, 10)], 2),  # 86 s for 8; it got slower: 50 with all rounds
        ([(10, 12)] * 7 + [(5, 6)], 7),  # 18 s for 2
        ([(10, 12)] * 5 + [(5, 6)] * 4, 10),  # in time again: 24 s for the last
        ([(10, 30)] * 4, 1),  # too late already
    ],
)
def test_blocks_that_take_longer_get_fewer_rounds(config: Config, done: list[tuple[int, float]], rounds: int) -> None:
    planned = replace(made(config), blocks=10, rounds=10)
    check_s = planned.seconds_of(0)
    assert replace(planned, at_most_s=108 + check_s).rounds_in_time(done) == rounds
    assert planned.rounds_in_time(done) == 10


def test_a_plan_that_takes_longer_anyway_has_no_limit() -> None:
    config = read(ROOT / "bench.toml")
    assert plan.make(config, config.strategies, "default", Overrides()).at_most_s == 280
    more = {f"{name}{n}": strategy for name, strategy in config.strategies.items() for n in range(2)}
    assert plan.make(config, more, "default", Overrides()).at_most_s is None
    larger = Overrides(load="open", rates=["100"])
    assert plan.make(config, config.strategies, "default", larger).at_most_s is None


def test_a_run_that_goes_on_until_precise_has_its_budget_alone() -> None:
    config = read(ROOT / "bench.toml")
    assert plan.make(config, config.strategies, "default", Overrides(), precision=Precision(0.02)).at_most_s is None


def test_unknown_profile(config: Config) -> None:
    with pytest.raises(ConfigError, match="no such profile"):
        plan.make(config, config.strategies, "tiney", Overrides())


def test_variants_of_a_strategy_follow_each_other_in_either_order(config: Config) -> None:
    found = plan.make(config, two_forms(config, "epoll,poll,select"), "tiny", Overrides())
    rounds = order(found)
    for labels in rounds:
        pairs = [{labels[at], labels[at + 1]} for at in range(0, len(labels), 2)]
        assert all(len({label.partition("@")[0] for label in pair}) == 1 for pair in pairs)
    assert {labels.index("epoll@base") < labels.index("epoll@head") for labels in rounds} == {True, False}
    assert len({labels[0].partition("@")[0] for labels in rounds}) == 3


def test_variants_are_alive_together(tmp_path: Path) -> None:
    memory = machine.available_memory()
    (tmp_path / "mine.toml").write_text(
        f"{MATRIX}[strategies]\n"
        + "".join(f"fat{n} = {{ command = 'true', memory_per_client = {memory // 40} }}\n" for n in range(3))
    )
    config = read(ROOT / "bench.toml", tmp_path / "mine.toml")
    found = plan.make(config, two_forms(config, "fat*"), "tiny", Overrides())
    waves = found.waves[Group("echo", 10, 64, 0)]
    assert waves == [[f"fat{n}@base", f"fat{n}@head"] for n in range(3)]


def test_what_the_budget_has_no_time_for_is_left_out_from_the_end(config: Config) -> None:
    forms = two_forms(config, "epoll,poll,select")
    whole = plan.make(config, forms, "tiny", Overrides(services=["echo"]), budget_s=3600)
    assert plan.fitted(whole, 20) == whole
    one_group = replace(whole, groups=whole.groups[:1])
    for budget_s in (one_group.seconds_of(20) * 0.8, one_group.seconds_of(20) * 0.5):
        fits = plan.fitted(replace(whole, budget_s=budget_s), 20)
        assert fits.seconds_of(20) <= budget_s
        kept = list(dict.fromkeys(form.name for form in fits.strategies.values()))
        assert kept == ["select", "poll", "epoll"][: len(kept)]
        assert len(kept) < 3
        assert fits.groups == whole.groups[:1]
        assert set(fits.left_out) == {*map(str, whole.groups[1:]), *{"select", "poll", "epoll"} - set(kept)}
    with pytest.raises(ConfigError, match=r"--budget 1s: .*; the 20 that .* for select alone"):
        plan.fitted(replace(whole, budget_s=1.0), 20)
