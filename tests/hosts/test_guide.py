"""docs/hosts.md, followed word for word on hosts that have its addresses."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.namespaces import Host, Network
from tests.support.project import ROOT

GUIDE = (ROOT / "docs" / "hosts.md").read_text()
WITHIN_S = 120.0  # of a command, however busy the machine is
OURS = ("analysis", "axes", "commands", "harness", "loadgen", "servers", "run_bench.py", "bench.toml", "schema.toml")
SSH = """\
#!{python}
import os, sys
namespaces = {namespaces}
os.chdir({home!r})
command = [*namespaces[sys.argv[1]], "sh", "-c", " ".join(sys.argv[2:])]
os.execv(command[0], command)
"""


def section(title: str) -> str:
    (text,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", GUIDE, re.DOTALL | re.MULTILINE)
    return text


def commands(text: str) -> list[str]:
    """Those that are typed, from its blocks."""
    return re.findall(r"^\$ (.*)$", "".join(re.findall(r"```console\n(.*?)```", text, re.DOTALL)), re.MULTILINE)


def shown(text: str, language: str) -> str:
    (block,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return block


class Reader:
    """Somebody with a checkout of the project on each host, and ssh from the first to the others."""

    def __init__(self, folder: Path, *hosts: Host) -> None:
        self.here = hosts[0]
        self.folder = folder / "concurrency-bench"
        self.folder.mkdir()
        for name in OURS:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, self.folder / name)
        (self.folder / ".venv").symlink_to(Path(sys.prefix))
        ssh = folder / "bin" / "ssh"
        ssh.parent.mkdir()
        ways = {host.address: host.command() for host in hosts}
        ssh.write_text(SSH.format(python=sys.executable, namespaces=ways, home=str(folder)))
        ssh.chmod(0o755)
        self._env = {**os.environ, "PATH": f"{ssh.parent}:{os.environ['PATH']}"}

    def types(self, line: str) -> subprocess.CompletedProcess[str]:
        """And waits for the command's end."""
        return self.here.run("sh", "-c", line, cwd=self.folder, env=self._env, within_s=WITHIN_S)

    def begins(self, line: str) -> subprocess.Popen[str]:
        """In a terminal of its own."""
        return self.here.start("sh", "-c", line, cwd=self.folder, env=self._env, stdout=subprocess.PIPE, text=True)

    def leaves_running(self, line: str) -> str:
        """What it says first."""
        process = self.begins(line)
        assert process.stdout is not None
        return process.stdout.readline()


@pytest.fixture(scope="module")
def hosts(network: Callable[..., Network]) -> Network:
    return network("here", "there", "third")


def test_two_machines_by_ssh(hosts: Network, tmp_path: Path) -> None:
    text = section("Two machines, by ssh")
    reader = Reader(tmp_path, hosts["here"], hosts["there"])
    (reader.folder / "elsewhere.toml").write_text(shown(text, "toml"))
    servers = [line for line in commands(text) if line.startswith("ssh ")]
    for line, port in zip(servers, (9001, 9002), strict=True):
        assert reader.leaves_running(line) == f"READY 192.0.2.2:{port}\n"
    checked, measured = (reader.types(line) for line in commands(text) if line not in servers)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert measured.returncode == 0, measured.stdout + measured.stderr
    assert "epoll-there" in measured.stdout
    assert "attached at 192.0.2.2:9001" in " ".join(measured.stdout.split())
    described = json.loads((reader.folder / "results" / "latest" / "run.json").read_text())
    assert described["round_trips"] == []  # as the document says: all clients are here
    assert (reader.folder / "results" / "latest" / "report.html").exists()


def test_clients_on_other_hosts(hosts: Network, tmp_path: Path) -> None:
    reader = Reader(tmp_path, hosts["here"], hosts["there"])
    run, worker = commands(section("Clients on other hosts"))
    process = reader.begins(run)
    assert process.stdout is not None
    printed = next(found for line in process.stdout if (found := re.search(r"\.venv/bin/python -m loadgen\..*", line)))
    (shown_there,) = re.findall(r"\.venv/bin/python -m loadgen\.[^']*", worker)
    word = re.findall(r"--token (\w+)", printed[0])[0]
    assert shown_there.replace("WORD", word) == printed[0].strip()
    joined = reader.types(worker.replace("WORD", word))
    said = process.stdout.read()
    assert joined.returncode == 0, joined.stdout + joined.stderr + said
    assert process.wait(WITHIN_S) == 0, said
    assert "latencies are between there (192.0.2.2) and 192.0.2.1" in " ".join(said.lower().split())
    assert (reader.folder / "results" / "latest" / "report.html").exists()


def test_clients_and_a_server_on_other_hosts(hosts: Network, tmp_path: Path) -> None:
    text = section("Clients and a server on other hosts")
    by_ssh = section("Two machines, by ssh")
    reader = Reader(tmp_path, hosts["here"], hosts["there"], hosts["third"])
    (server, *_) = (line for line in commands(by_ssh) if line.startswith("ssh "))
    # The document's port may be another test's here.
    listens = reader.leaves_running(server.replace("--port 9001", "--port 0")).split()[1]
    (reader.folder / "elsewhere.toml").write_text(shown(by_ssh, "toml").replace("192.0.2.2:9001", listens))
    run, *workers = commands(text)
    process = reader.begins(run)
    assert process.stdout is not None
    printed = next(found for line in process.stdout if (found := re.search(r"\.venv/bin/python -m loadgen\..*", line)))
    word = re.findall(r"--token (\w+)", printed[0])[0]
    assert all(printed[0].strip() in line.replace("WORD", word) for line in workers)
    joined = [reader.begins(line.replace("WORD", word)) for line in workers]
    said = process.stdout.read()
    assert process.wait(WITHIN_S) == 0, said
    assert [one.wait(WITHIN_S) for one in joined] == [0, 0]
    assert "2 of 2 workers are here: third (" in said
    described = json.loads((reader.folder / "results" / "latest" / "run.json").read_text())
    assert described["hosts"]["on_loss"] == "stop"
    assert {(trip["client_host"], trip["server_host"]) for trip in described["round_trips"]} == {
        ("third", "192.0.2.2"), ("third-2", "192.0.2.2"),
    }  # fmt: skip


def test_what_locust_s_operator_starts(hosts: Network, tmp_path: Path) -> None:
    """It gives the image's command `--master` or `--worker --master-host`, and the arguments of the resource."""
    resource = section("In Kubernetes, with Locust's operator")
    arguments = " ".join(re.findall(r"  args: >-\n((?: {4}.*\n)+)", resource)[0].split())
    port = re.findall(r"--host tcp://192\.0\.2\.2:(\d+)", arguments)[0]
    locust = [sys.executable, "-m", "locust"]
    server = hosts["there"].start(
        sys.executable,
        "-m",
        "servers.readiness.epoll_loop",
        "--host",
        "192.0.2.2",
        "--port",
        "0",
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    arguments = arguments.replace(f"192.0.2.2:{port}", server.stdout.readline().split()[1]).replace(
        "-time 10s", "-time 2s"
    )
    workers = [
        hosts["there"].start(
            *locust,
            "--worker",
            "--master-host",
            "192.0.2.1",
            *shlex.split(arguments),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    master = hosts["here"].run(
        *locust, "--master", *shlex.split(arguments), "--csv", tmp_path / "out", within_s=WITHIN_S
    )
    assert master.returncode == 0, master.stderr
    assert "response times in ms: 50% " in master.stderr + master.stdout
    assert [worker.wait(20) for worker in workers] == [0, 0]
    assert (tmp_path / "out_stats.csv").read_text().count("echo, 64 B") == 1
