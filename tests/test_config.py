"""bench.toml read, laid over, refused."""

from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from harness.config import Config, ConfigError, read

BASE = ROOT / "bench.toml"


def profile(blocks: int = 2, rounds: int = 1, matrix: str = "{ service = ['echo'], clients = [1] }") -> str:
    return f"[profiles.x]\nblocks = {blocks}\nrounds = {rounds}\nmatrix = [{matrix}]"


def laid_over(folder: Path, text: str) -> Config:
    path = folder / "mine.toml"
    path.write_text(text)
    return read(BASE, path)


def test_tables_merge_key_by_key(tmp_path: Path) -> None:
    config = laid_over(
        tmp_path, '[servers]\nready_timeout_s = 1.5\n[strategies]\nmine = "./serve {port}"\nepoll = "other {port}"\n'
    )
    base = read(BASE)
    assert config.servers == base.servers.model_copy(update={"ready_timeout_s": 1.5})
    assert list(config.strategies) == [*base.strategies, "mine"]
    assert config.strategies["epoll"].command == "other {port}"
    assert config.strategies["select"] == base.strategies["select"]
    assert config.profiles == base.profiles


def test_strategy_starts_in_the_folder_of_its_file(tmp_path: Path) -> None:
    config = laid_over(tmp_path, '[strategies]\nmine = "./serve {port}"\n')
    assert config.strategies["mine"].cwd == tmp_path.resolve()
    assert config.strategies["epoll"].cwd == ROOT


def test_one_line_and_table_say_the_same(tmp_path: Path) -> None:
    config = laid_over(tmp_path, '[strategies]\na = "serve {port}"\nb = { command = "serve {port}" }\n')
    a, b = config.strategies["a"], config.strategies["b"]
    assert a.model_copy(update={"name": "b"}) == b


def test_each_strategy_of_ours_is_one_line_and_one_file() -> None:
    lines = BASE.read_text().splitlines()
    files = set()
    for name, strategy in read(BASE).strategies.items():
        assert sum(line.startswith(f"{name} =") for line in lines) == 1
        (file,) = [word for word in strategy.command.split() if word.endswith(".py")]
        assert (ROOT / file).is_file()
        files.add(file)
    assert len(files) == len(read(BASE).strategies)


def test_window_length_by_crowd() -> None:
    window = read(BASE).window
    assert [window.length(clients).clients for clients in (1, 100, 101, 500, 5000)] == [100, 100, 500, 500, 500]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[window]\ndrain_limt_s = 1", ["window.drain_limt_s", 'did you mean "drain_limit_s"']),
        ("[strategees]\nmine = 'x'", ["strategees", 'did you mean "strategies"']),
        ("[strategies]\nmine = { command = 'x', listning = '1' }", ["strategies.mine.listning", '"listing"']),
        ("[strategies]\nmine = { comand = 'x' }", ["strategies.mine.comand", 'did you mean "command"']),
        ("[profiles.quick]\nblock = 3", ["profiles.quick.block: ", 'did you mean "blocks"']),
        ("[strategies]\nmine = { listing = '1' }", ["strategies.mine.command", "missing"]),
        ("[strategies]\nmine = { command = 'x', cwd = '/' }", ["strategies.mine.cwd", "unknown"]),
        ("[strategies]\nmine = 7", ["strategies.mine"]),
        ("[strategies]\nmine = ''", ["strategies.mine", "empty"]),
        ("[strategies]\nmine = 'serve {prot}'", ["strategies.mine", "{prot}", '"port"']),
        ("[strategies]\nmine = 'serve {}'", ["strategies.mine", "{}"]),
        ("[strategies]\nmine = 'serve {port'", ["strategies.mine"]),
        ("[strategies]\nmine = 'serve {port:x}'", ["strategies.mine"]),
        ("[strategies]\nmine = \"serve 'port\"", ["strategies.mine", "uotation"]),
        ("[strategies]\nmine = { command = 'x', ready = 'soon' }", ["strategies.mine.ready", "connect"]),
        ("[strategies]\nmine = { command = 'x', services = ['ecko'] }", ["strategies.mine.services", '"echo"']),
        ("strategies = 'all'", ["strategies", "table"]),
        ("reference = 'epol'", ["reference", 'did you mean "epoll"']),
        ("[servers]\ncpus = []", ["servers.cpus"]),
        ("[servers]\ncpus = [-1]", ["servers.cpus"]),
        ("[servers]\nrecv_size = 0", ["servers.recv_size"]),
        ("[servers]\nready_timeout_s = -1", ["servers.ready_timeout_s"]),
        ("[servers]\nready_timeout_s = nan", ["servers.ready_timeout_s"]),
        ("[loadgen]\nworkers = 0", ["loadgen.workers"]),
        ("[window]\nlengths = []", ["window.lengths"]),
        ("[window]\ncounted_limit_s = 0", ["window.counted_limit_s"]),
        (profile(blocks=0), ["profiles.x.blocks"]),
        (profile(rounds=-1), ["profiles.x.rounds"]),
        (profile(matrix="{ service = ['ecko'], clients = [1] }"), ["service", '"echo"']),
        (profile(matrix="{ service = ['echo'], clients = [0] }"), ["clients"]),
        (profile(matrix="{ service = ['echo'], clients = [] }"), ["clients"]),
        (profile(matrix="{ service = ['echo'], clients = [1], sizes = [10] }"), ["sizes"]),
        (profile(matrix=""), ["profiles.x.matrix"]),
        ("blocks = [\n\n", ["not TOML", "end of document"]),
        ("seed = 1\nseed = 2\n\n", ["not TOML", "line 2"]),
    ],
)  # fmt: skip
def test_what_is_wrong_becomes_one_line(tmp_path: Path, text: str, says: list[str]) -> None:
    with pytest.raises(ConfigError) as refused:
        laid_over(tmp_path, text)
    line = str(refused.value)
    assert line.startswith(f"{tmp_path / 'mine.toml'}: ")
    assert "\n" not in line
    assert [word for word in says if word not in line] == [], line


def test_fault_of_the_lower_file_is_not_laid_to_the_upper(tmp_path: Path) -> None:
    (tmp_path / "bench.toml").write_text(BASE.read_text().replace("drain_limit_s", "drain_limt_s"))
    (tmp_path / "mine.toml").write_text("seed = 2\n")
    with pytest.raises(ConfigError) as refused:
        read(tmp_path / "bench.toml", tmp_path / "mine.toml")
    assert str(refused.value).startswith(f"{tmp_path / 'bench.toml'}: ")


@pytest.mark.parametrize("content", [None, b"\xff\xfe", "folder"])
def test_unreadable_file(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "mine.toml"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"mine\.toml: "):
        read(BASE, path)
