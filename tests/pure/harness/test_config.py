"""bench.toml read, laid over, refused."""

from pathlib import Path
from typing import Any

import pytest

from harness.config import Config, ConfigError, Strategy, command_now, nearest, read
from harness.plan.selection import select
from tests.support.project import ROOT

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


def test_each_strategy_of_ours_is_one_line_of_its_own_and_a_file() -> None:
    lines = BASE.read_text().splitlines()
    commands = set()
    for name, strategy in read(BASE).strategies.items():
        assert sum(line.startswith(f"{name} =") for line in lines) == 1
        assert strategy.command.startswith("{python} -m servers.")
        assert (ROOT / f"{strategy.command.split()[2].replace('.', '/')}.py").is_file()
        commands.add(strategy.command)
    assert len(commands) == len(read(BASE).strategies)


def test_one_at_a_time_is_short_for_a_number(tmp_path: Path) -> None:
    config = laid_over(
        tmp_path,
        "[strategies]\none = { command = 'x', one_at_a_time = true }\npool = { command = 'x', serves = 8 }\n"
        "whole = 'x'\n",
    )
    assert [config.strategies[name].serves for name in ("one", "pool", "whole")] == [1, 8, None]
    assert [config.strategies["pool"].serves_all(clients) for clients in (1, 8, 9)] == [True, True, False]


def test_a_bench_file_adds_a_family(tmp_path: Path) -> None:
    config = laid_over(
        tmp_path,
        '[families.polling]\nwaits = "for what it asked for to be done"\n'
        '[strategies]\nring = { command = "serve", family = "polling" }\nmine = "serve"\n',
    )
    assert list(config.families) == [*read(BASE).families, "polling"]
    assert config.strategies["ring"].family == "polling"
    assert config.strategies["mine"].family == "other"


def test_a_place_is_counted_among_the_family(tmp_path: Path) -> None:
    config = laid_over(tmp_path, '[strategies]\nmine = "serve"\nedge = { command = "serve", family = "readiness" }\n')
    before = sum(strategy.family == "readiness" for strategy in read(BASE).strategies.values())
    assert [config.place(name) for name in ("select", "poll", "epoll", "edge", "twisted")] == [0, 1, 2, before, 0]
    assert config.place("mine") is config.place("nobody") is None


# Commands of bench files from before the servers were modules.
MOVED = {
    "{python} servers/select_loop.py {options}": "{python} -m servers.readiness.select_loop {options}",
    "{python} ./servers/asyncio_streams.py {options}": "{python} -m servers.event_loops.asyncio_streams {options}",
    "{python} -O servers/blocking.py --port 1": "{python} -O -m servers.blocking --port 1",
    f"{{python}} {ROOT}/servers/poll_loop.py {{options}}": "{python} -m servers.readiness.poll_loop {options}",
}


@pytest.mark.parametrize("command", MOVED)
def test_a_command_of_a_moved_server_is_told_the_new_one(command: str, tmp_path: Path) -> None:
    config = laid_over(tmp_path, f"[strategies]\nold = '{command}'\n")
    assert select(config, "epoll")  # where it isn't selected, it stands in nobody's way
    with pytest.raises(ConfigError) as refused:
        select(config, "old")
    line = str(refused.value)
    assert line.startswith(f"{tmp_path / 'mine.toml'}: strategies.old.command: ")
    assert f'"env PYTHONPATH={ROOT} {MOVED[command]}"' in line


def test_in_the_project_itself_the_new_command_needs_no_path() -> None:
    for command, now in MOVED.items():
        assert command_now(Strategy(command=command, cwd=ROOT)) == now


def test_a_stranger_s_script_of_the_same_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers/select_loop.py").touch()
    for script in ("servers/select_loop.py", "servers/mine.py", "select_loop.py"):
        assert command_now(Strategy(command=f"{{python}} {script}", cwd=tmp_path)) is None


def test_window_length_by_crowd() -> None:
    window = read(BASE).window
    assert [window.length(clients).clients for clients in (1, 100, 101, 500, 5000, 20_000)] == [
        100,
        100,
        500,
        500,
        10_000,
        10_000,
    ]


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
        ("[strategies]\nmine = { command = 'x', family = 'readyness' }",
         ["strategies.mine.family: ", "'readyness'", '"readiness"', "reactors", "[families.readyness]", "waits = "]),
        ("[families.polling]\nwait = 'for what was asked for'", ["families.polling.wait", '"waits"']),
        ("[families.polling]", ["families.polling.waits", "missing"]),
        ("[families]\npolling = 'for what was asked for'", ["families.polling"]),
        ("strategies = 'all'", ["strategies", "table"]),
        ("reference = 'epol'", ["reference", 'did you mean "epoll"']),
        (profile() + "\nreference = 'epol'", ["profiles.x.reference", 'did you mean "epoll"']),
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


REMEDIES = {
    "[servers]\ncpus = 7": 'write "auto" or a list such as [1]',
    "[servers]\ncpus = [-1]": "write 0 or more",
    "[servers]\nready_timeout_s = 'soon'": "write one such as 0.5",
    "[servers]\nready_timeout_s = 0": "write more than 0",
    "[servers]\nready_timeout_s = 9999": "write 3600 or less",
    "[servers]\nrecv_size = 'much'": 'write one such as 64 or "16KiB"',
    "[loadgen]\nworkers = 1.5": "write one such as 3",
    "[strategies]\nmine = ''": "write the command",
    "[strategies]\nmine = 7": "write it as { key = value }",
    "[strategies]\nmine = { command = 7 }": "write it in quotation marks",
    "[strategies]\nmine = { command = 'x', one_at_a_time = 'si' }": "write one of them",
    "[strategies]\nmine = { command = 'x', serves = 0 }": "write 1 or more",
    "[strategies]\nmine = { command = 'x', serves = 8, one_at_a_time = true }": "remove one of them",
    "[strategies]\nmine = { command = 'x', ready = 'soon' }": 'write "line" or "connect"',
    "[strategies]\nmine = { command = 'x', services = [] }": "name one at least",
    "[strategies]\nmine = 'serve {prot}'": "there are python, host, port",
    "[families.polling]\nwaits = ''": "write a text",
    "[profiles]\nx = 3": "write it as { key = value }",
    "[window]\nlengths = 3": "write it in square brackets",
}


@pytest.mark.parametrize(("text", "remedy"), REMEDIES.items())
def test_what_is_wrong_has_a_remedy(tmp_path: Path, text: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as refused:
        laid_over(tmp_path, text)
    assert remedy in str(refused.value)
    for words in ("Input should", "valid"):  # pydantic's own
        assert words not in str(refused.value)


def test_only_what_is_near_is_guessed() -> None:
    known = ["epoll", "select", "asyncio-protocol", "threading"]
    for word in ("mine", "a", "poles", "read", "proto"):
        assert nearest(word, known) == ""
    for word, near in {"epol": "epoll", "slect": "select", "asyncio-protocl": "asyncio-protocol"}.items():
        assert nearest(word, known) == f' (did you mean "{near}"?)'


def test_an_axis_to_compare_along_may_be_written_as_on_the_command_line(tmp_path: Path) -> None:
    entry = "{{ service = ['echo'], clients = [1], recv_sizes = [7, 8], along = '{}' }}"
    for written in ("recv-sizes", "recv_sizes"):
        config = laid_over(tmp_path, profile(matrix=entry.format(written)))
        assert config.profiles["x"].matrix[0].along == "recv_sizes"


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
