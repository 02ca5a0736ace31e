"""A profile names the strategies that are taken where the command line names none."""

import json
from pathlib import Path

import pytest

from commands import options, parser
from harness.config import Config, ConfigError, read
from harness.plan import selection
from tests.support.command_line import Case
from tests.support.project import CONFIG, ROOT

TINY = """
[profiles.tiny]
blocks = 2
rounds = 1
%s
matrix = [{ service = ["echo"], clients = [2] }]
"""


def laid_over(folder: Path, names: str) -> Config:
    path = folder / "mine.toml"
    path.write_text(TINY % names)
    return read(ROOT / "bench.toml", path)


def taken(config: Config, *words: str) -> list[str]:
    """The strategies that a command takes."""
    return list(selection.select(config, options.strategies(config, parser.parsed("bench", words))))


def test_without_the_option_the_profile_s_are_taken(tmp_path: Path) -> None:
    config = laid_over(tmp_path, 'strategies = ["poll", "uvloop*"]')
    assert taken(config, "--profile", "tiny") == ["poll", "uvloop", "uvloop-streams", "uvloop-sockets"]
    assert taken(config, "--profile", "tiny", "--strategies", "epoll") == ["epoll"]


def test_all_means_all_of_them(tmp_path: Path) -> None:
    config = laid_over(tmp_path, 'strategies = ["poll"]')
    assert taken(config, "--profile", "tiny", "--strategies", "all") == list(config.strategies)
    assert taken(laid_over(tmp_path, ""), "--profile", "tiny") == list(config.strategies)


def test_the_default_profile_takes_the_kept_run_s() -> None:
    kept = json.loads((ROOT / "docs/run.json").read_text())["strategies"]
    assert taken(CONFIG) == taken(CONFIG, "--profile", "quick") == list(kept)


def test_a_command_without_the_option_lists_the_profile_s(tmp_path: Path) -> None:
    listed = Case("--list --profile tiny", (), TINY % 'strategies = ["poll", "gevent"]').run(tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert "  readiness: poll  (" in listed.stdout
    assert "  green_threads: gevent  (" in listed.stdout
    assert "epoll  (" not in listed.stdout


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (
            'strategies = ["epoll", "slect"]',
            ["profiles.tiny.strategies", "'slect'", '"select"', "the nearest of "],
        ),
        ('strategies = ["epoll,poll"]', ["profiles.tiny.strategies", "'epoll,poll'"]),
        ("strategies = []", ["profiles.tiny.strategies"]),
        ('strategies = "epoll"', ["profiles.tiny.strategies", "list"]),
    ],
)
def test_a_name_that_nobody_has_is_refused(tmp_path: Path, names: str, says: list[str]) -> None:
    with pytest.raises(ConfigError) as refused:
        laid_over(tmp_path, names)
    line = str(refused.value)
    assert line.startswith(f"{tmp_path / 'mine.toml'}: ")
    assert "\n" not in line
    assert [word for word in says if word not in line] == [], line
