"""Locust's own command line: real processes of it, all of one fixture at the same time, against servers of the test."""

import contextlib
import csv
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.peers import DEADLINE_S, echo, messages, peers
from tests.support.project import ROOT

LOCUST = [sys.executable, "-m", "locust", "-f", "loadgen/locustfile.py"]
HEADLESS = ["--headless", "--only-summary", "--users", "4", "--spawn-rate", "4", "--run-time", "2s"]


class Done(NamedTuple):
    code: int
    said: str
    files: str  # what their names begin with

    def rows(self, kind: str) -> list[dict[str, str]]:
        with open(f"{self.files}_{kind}.csv", newline="") as lines:
            return list(csv.DictReader(lines))


def crossing(sock: socket.socket, number: int) -> None:
    """Answers with what is another client's."""
    for message in messages(sock):
        sock.sendall(b"99999999" + message[8:])


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Done]]:
    """Each of them has run for a moment."""
    folder = tmp_path_factory.mktemp("locust")
    (folder / "away").mkdir()
    names: set[bytes] = set()

    def listening(sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            names.add(message[:8])
            sock.sendall(message)

    with (
        peers(sound=echo, crossing=crossing, shared=listening, growing=echo) as started,
        contextlib.ExitStack() as stack,
    ):
        hosts = {name: f"tcp://127.0.0.1:{peer.address[1]}" for name, peer in started.items()}
        closed = stack.enter_context(socket.socket())  # bound, and nobody listens
        closed.bind(("127.0.0.1", 0))
        master = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = str(master.getsockname()[1])
        master.close()
        commands = {
            "sound": [*LOCUST, *HEADLESS, "--host", hosts["sound"], "--html", str(folder / "sound.html")],
            "crossing": [*LOCUST, *HEADLESS, "--host", hosts["crossing"]],
            "nobody": [*LOCUST, *HEADLESS, "--host", f"tcp://127.0.0.1:{closed.getsockname()[1]}"],
            "away": [*LOCUST, *HEADLESS, "--host", "tcp://192.0.2.1:9000"],
            "shared": [*LOCUST, *HEADLESS, "--host", hosts["shared"], "--processes", "2", "--master-bind-port", port,
                       "--master-port", port],
            "growing": [*LOCUST[:-1], "loadgen/locustfile.py,loadgen/ramp.py", "--headless", "--only-summary",
                        "--users", "3", "--step", "2.5", "--host", hosts["growing"]],
        }  # fmt: skip
        running = {
            name: subprocess.Popen([*command, "--csv", str(folder / name)], cwd=ROOT, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for name, command in commands.items()
        }  # fmt: skip
        found = {}
        for name, process in running.items():
            said, _ = process.communicate(timeout=2 * DEADLINE_S)
            found[name] = Done(process.returncode, said, str(folder / name))
        assert all("Traceback" not in one.said for one in found.values()), found
        (folder / "names").write_bytes(b"\n".join(sorted(names)))
        yield found


def test_a_sound_server_has_requests_and_no_failures(done: dict[str, Done]) -> None:
    own, total = done["sound"].rows("stats")
    assert done["sound"].code == 0
    assert (own["Type"], own["Name"], total["Name"]) == ("TCP", "echo, 64 B", "Aggregated")
    assert int(own["Request Count"]) == int(total["Request Count"]) > 0
    assert own["Failure Count"] == "0"
    assert float(own["Average Content Size"]) == 64
    assert "locust" in (Path(done["sound"].files).with_suffix(".html")).read_text().lower()


def test_response_times_keep_their_fractions(done: dict[str, Done]) -> None:
    own = done["sound"].rows("stats")[0]
    shortest, median, longest = (float(own[f"{word} Response Time"]) for word in ("Min", "Median", "Max"))
    assert 0 < shortest <= median <= longest
    assert not shortest.is_integer()
    assert "response times in ms: 50% " in done["sound"].said


def test_wrong_replies_are_failures(done: dict[str, Done]) -> None:
    own = done["crossing"].rows("stats")[0]
    assert done["crossing"].code == 1
    assert int(own["Failure Count"]) == int(own["Request Count"]) > 0
    assert {row["Error"] for row in done["crossing"].rows("failures")} == {"corrupt"}


def test_where_nobody_listens_errors_are_counted(done: dict[str, Done]) -> None:
    own = done["nobody"].rows("stats")[0]
    assert done["nobody"].code == 1
    assert int(own["Failure Count"]) == int(own["Request Count"]) > 0
    assert {row["Error"] for row in done["nobody"].rows("failures")} == {"refused"}


def test_another_machine_is_refused(done: dict[str, Done]) -> None:
    assert done["away"].code == 2
    words = "locustfile.py: --host tcp://192.0.2.1:9000: 192.0.2.1 is not this machine; --allow-remote permits load"
    assert words in done["away"].said
    assert not Path(f"{done['away'].files}_stats.csv").read_text().count("TCP")


def test_two_workers_split_the_clients(done: dict[str, Done]) -> None:
    names = (Path(done["shared"].files).parent / "names").read_bytes().split(b"\n")
    assert done["shared"].code == 0
    assert sorted(int(name) // 1_000_000 for name in names) == [0, 0, 1, 1]
    own = done["shared"].rows("stats")[0]
    assert int(own["Request Count"]) > 0
    assert own["Failure Count"] == "0"


def test_a_ramp_grows_step_by_step(done: dict[str, Done]) -> None:
    assert done["growing"].code == 0
    sizes = [int(row["User Count"]) for row in done["growing"].rows("stats_history")]
    assert sizes == sorted(sizes)
    assert set(sizes) >= {1, 3}


@pytest.mark.parametrize(
    ("options", "told"),
    [(["--host", "http://127.0.0.1:80"], "write tcp://ADDRESS:PORT"), ([], "(none): write tcp://ADDRESS:PORT"),
     (["--host", "tcp://127.0.0.1:9", "--size", "10"], "a message takes 11 bytes to 64 MiB")],
)  # fmt: skip
def test_what_is_no_target_is_one_clear_line(options: list[str], told: str) -> None:
    end = subprocess.run([*LOCUST, *HEADLESS, *options], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S)
    (line,) = (line for line in end.stderr.splitlines() if "INFO" not in line)
    assert end.returncode == 2
    assert told in line
