"""Each strategy has its file, its family and its row."""

import re
from pathlib import Path

from harness.config import Strategy
from tests.support.project import CONFIG, ROOT, STRATEGIES, command

SHARED = {
    "contract.py", "handlers.py", "listening.py", "children.py", "threads.py", "datagrams.py", "datagram_requests.py",
    "readiness/dispatchers.py", "event_loops/delays.py", "event_loops/factories.py", "event_loops/datagrams.py",
    "workers/doors.py", "green_threads/waking.py", "http/adopting.py", "http/wsgi_application.py",
    "http/asgi_application.py", "http/cgi_program.py", "counting.py",
}  # fmt: skip


def test_readme_lists_every_strategy() -> None:
    readme = (ROOT / "servers" / "README.md").read_text()
    for name, strategy in STRATEGIES.items():
        row = rf"^\| `{name}` \| `{re.escape(file_of(strategy))}` \| {strategy.listing or ''} ?\|"
        assert re.search(row, readme, re.MULTILINE), name


def test_readme_lists_them_by_family() -> None:
    readme = (ROOT / "servers" / "README.md").read_text()
    for family, told in CONFIG.families.items():
        names = [name for name, strategy in STRATEGIES.items() if strategy.family == family]
        part = re.search(rf"^### {family}\n\n(.*?)(?=^##)", readme, re.MULTILINE | re.DOTALL)
        assert (part is not None) == bool(names), family
        if part is not None:
            assert part[1].startswith(f"A strategy of this family waits {told.waits}.\n")
            assert re.findall(r"^\| `(.+?)` \|", part[1], re.MULTILINE) == names


def test_a_family_of_three_files_has_a_folder() -> None:
    for family in CONFIG.families:
        files = {file_of(strategy) for strategy in STRATEGIES.values() if strategy.family == family}
        assert {Path(file).parent for file in files} <= {Path(family if len(files) >= 3 else "")}


def test_every_server_is_a_strategy() -> None:
    """But for what they have in common."""
    files = {path.relative_to(ROOT / "servers").as_posix() for path in (ROOT / "servers").rglob("*.py")}
    shared = {file for file in files if file in SHARED or file.startswith("services/") or "__init__" in file}
    assert files - shared == {file_of(strategy) for strategy in STRATEGIES.values()}


def file_of(strategy: Strategy) -> str:
    """Its file, as a path in servers/."""
    return command(strategy)[2].removeprefix("servers.").replace(".", "/") + ".py"


def test_libraries_that_strategies_stand_on_are_named_for_the_variants() -> None:
    asked = {
        name
        for path in (ROOT / "servers").rglob("*.py")
        for name in re.findall(r'with library\("(\w+)"', path.read_text())
    }
    loops = {name for each in STRATEGIES.values() for name in re.findall(r"--loop (\w+)\.", each.command)}
    assert sorted(asked | loops) == sorted(CONFIG.servers.libraries)


def test_workers_are_as_many_as_their_command_says() -> None:
    for name, strategy in STRATEGIES.items():
        asked = re.search(r"--(?:workers|threads) (\d+)", strategy.command)
        if strategy.workers or strategy.family == "workers":
            assert asked is not None, name
            assert int(asked[1]) == strategy.workers, name
