"""From configuration and options to a plan, and from the plan to an order of windows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.stopping.precision import Precision
from harness import machine, terminal
from harness.config import Config, ConfigError, Strategy, read
from harness.plan import plan, selection
from harness.plan.plan import Overrides, Plan
from tests.support.project import OF_BYTES, ROOT

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
    return plan.make(config, selection.select(config, wanted), "tiny", overrides or Overrides(), seed, **more)


def named(config: Config, profile: str) -> dict[str, Strategy]:
    """The strategies that a profile names."""
    return selection.select(config, ",".join(config.profile(profile).strategies))


def two_forms(config: Config, wanted: str) -> dict[str, Strategy]:
    """Each strategy as base and as head."""
    forms = [one.model_copy(update={"variant": variant})
             for one in selection.select(config, wanted).values() for variant in ("base", "head")]  # fmt: skip
    return {form.label: form for form in forms}


def order(made: Plan) -> list[list[str]]:
    """Of every round, as a run asks for it."""
    return [
        made.in_turn(group, made.members(group), block, group, round_)
        for block in range(made.blocks)
        for group in made.shuffled(made.groups, block)
        for round_ in range(made.rounds)
    ]


def test_matrix_is_a_product_without_doubles(config: Config) -> None:
    assert [str(group) for group in made(config).groups] == [
        "echo, 1 client, 64 B",
        "echo, 1 client, 1 KiB",
        "echo, 10 clients, 64 B",
        "echo, 10 clients, 1 KiB",
        "echo, 10 clients, 64 B, 5 requests per connection",
        "greet, 10 clients, 26 B, a connection per request",  # its size is the greeting's
        "log, 10 clients, 64 B, a connection per request",
    ]


def test_same_seed_same_order(config: Config) -> None:
    assert order(made(config, seed=7)) == order(made(config, seed=7))


def test_other_seed_other_order(config: Config) -> None:
    assert order(made(config, seed=7)) != order(made(config, seed=8))
    assert order(made(config)) == order(made(config, seed=config.seed))


def test_every_member_once_a_round(config: Config) -> None:
    planned = made(config)
    rounds = order(planned)
    assert len(rounds) == 2 * 7 * 3
    for block in range(2):
        for at, group in enumerate(planned.shuffled(planned.groups, block)):
            offering = [name for name, strategy in config.strategies.items() if group.service in strategy.services]
            first = (block * 7 + at) * 3
            assert all(sorted(round_) == sorted(offering) for round_ in rounds[first : first + 3])
    assert len(set(map(tuple, rounds))) > 1


def test_overrides_replace_their_axis_and_no_other(config: Config) -> None:
    groups = made(config, Overrides({"clients": [7], "sizes": [128, 256]})).groups
    assert {group.clients for group in groups} == {7}
    assert {group["message_size"] for group in groups if group.service != "greet"} == {128, 256}
    assert {group["requests_per_connection"] for group in groups} == {0, 5, 1}
    assert {group.service for group in made(config, Overrides({"service": ["log"]})).groups} == {"log"}


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("epoll", ["epoll"]),
        ("epoll,blocking", ["blocking", "epoll"]),  # in bench.toml's order
        (
            "asyncio-[bdp]*",
            ["asyncio-protocol", "asyncio-buffered", "asyncio-default", "asyncio-poll", "asyncio-process-pool"],
        ),
        (" select , select,poll ", ["select", "poll"]),
    ],
)
def test_selection(config: Config, wanted: str, names: list[str]) -> None:
    assert list(selection.select(config, wanted)) == names


def test_selection_by_word(config: Config) -> None:
    assert selection.select(config, "all") == config.strategies
    chapter = selection.select(config, "chapter")
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
    waves = {str(group): waves for group, waves in found.waves.items()}
    assert waves["echo, 10 clients, 64 B"] == [["fat0"], ["fat1"], ["fat2"]]
    assert waves["echo, 1 client, 64 B"] == [["fat0", "fat1", "fat2"]]


def test_more_workers_than_cpus_is_marked(config: Config) -> None:
    cpus = len(made(config).loader_cpus)
    assert not any("test of function" in str(note) for note in made(config).notes)
    many = made(config, workers=cpus + 64)
    assert any("test of function" in str(note) for note in many.notes)


def test_expected_time_grows_with_the_plan(config: Config) -> None:
    small, large = made(config, wanted="epoll"), made(config)
    assert 0 < small.windows_seconds < small.expected_seconds < large.expected_seconds


def test_profiles_of_bench_toml_keep_their_promises() -> None:
    config = read(ROOT / "bench.toml")
    quick, default = (plan.make(config, named(config, name), name, Overrides()) for name in ("quick", "default"))
    assert len(quick.strategies) == len(default.strategies) == 14
    assert quick.blocks >= 4
    assert quick.expected_seconds <= 60
    assert default.blocks >= 6
    assert default.expected_seconds <= 300
    assert quick.at_most_s is not None
    assert quick.at_most_s <= 60
    assert default.at_most_s is not None
    assert default.at_most_s <= 300
    assert len({group.clients for group in default.groups}) > 2
    assert len({group["message_size"] for group in default.groups}) > 2


def test_the_check_is_part_of_what_a_run_is_to_take(config: Config) -> None:
    planned = replace(made(config), blocks=10, rounds=10)
    assert replace(planned, at_most_s=108 + planned.seconds_of(0)).blocks_at_most_s == pytest.approx(108)
    assert planned.blocks_at_most_s is None


def test_cells_are_strategies_in_their_groups(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(f"{MATRIX}[strategies.half]\ncommand = 'true'\nservices = ['greet']\n")
    config = read(ROOT / "bench.toml", tmp_path / "mine.toml")
    assert made(config, wanted="half,epoll").cells == {(place, "epoll") for place in range(7)} | {(5, "half")}
    forms = two_forms(config, "epoll")
    assert plan.make(config, forms, "tiny", Overrides()).cells == {(place, "epoll") for place in range(7)}


def test_a_plan_that_takes_longer_anyway_has_the_larger_limit_if_it_can_keep_it() -> None:
    config = read(ROOT / "bench.toml")
    usual = named(config, "default")
    assert plan.make(config, usual, "default", Overrides()).at_most_s == 275
    more = {f"{name}{n}": strategy for name, strategy in usual.items() for n in range(2)}
    assert plan.make(config, more, "default", Overrides()).at_most_s == 870
    larger = Overrides({"load": ["open"], "rate": ["100"]})
    assert plan.make(config, usual, "default", larger).at_most_s is None


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
    waves = {str(group): waves for group, waves in found.waves.items()}["echo, 10 clients, 64 B"]
    assert waves == [[f"fat{n}@base", f"fat{n}@head"] for n in range(3)]


def test_what_the_budget_has_no_time_for_is_left_out_from_the_end(config: Config) -> None:
    forms = two_forms(config, "epoll,poll,select")
    whole = plan.make(config, forms, "tiny", Overrides({"service": ["echo"]}), budget_s=3600)
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
    with terminal.console.capture() as said:
        terminal.say_plan(fits, 0.05)
    (line,) = [line for line in said.get().splitlines() if line.startswith("Left out")]
    assert all(name in line for name in fits.left_out)
    assert f"({len(fits.left_out)}, no time in {fits.budget_s:.0f} s)" in line
    assert "Note: not in the budget" not in said.get()
    with pytest.raises(ConfigError, match=r"--budget 1s: .*; the 20 that .* for select alone"):
        plan.fitted(replace(whole, budget_s=1.0), 20)


def test_all_strategies_take_a_quarter_of_an_hour_and_have_the_reference_beside_them() -> None:
    config = read(ROOT / "bench.toml")
    whole = plan.make(config, selection.select(config, "all"), "default", Overrides())
    assert len(whole.strategies) >= 40
    assert min(whole.expected_seconds, whole.at_most_s or whole.expected_seconds) <= 15 * 60
    for waves in whole.waves.values():
        assert all(config.reference in wave for wave in waves)


def test_a_profile_may_have_a_reference_of_its_own() -> None:
    config = read(ROOT / "bench.toml")
    for profile, reference in (("http", "http-threading"), ("quick", config.reference)):
        found = plan.make(config, selection.select(config, "all"), profile, Overrides())
        assert found.config.reference == reference


def test_mechanisms_are_all_on_one_cpu_in_five_minutes() -> None:
    config = read(ROOT / "bench.toml")
    profile = config.profile("mechanisms")
    found = plan.make(config, selection.select(config, ",".join(profile.strategies)), "mechanisms", Overrides())
    assert set(found.strategies) == set(OF_BYTES)
    assert [group.clients for group in found.groups] == [100]
    assert found.at_most_s is not None
    assert found.expected_seconds <= found.at_most_s <= 300
