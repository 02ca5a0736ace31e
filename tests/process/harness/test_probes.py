"""Probes of real servers and of the kernel: what must come out on any Linux, and whom they find."""

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import probes
from harness.config import Strategy
from harness.probes import anatomy, backlog, dribbler, restart, shared_state
from harness.probes.form import Row, Scene
from harness.processes.server import ServerFailed
from harness.processes.watchdog import Watchdog
from tests.support.bench import misbehaving
from tests.support.project import CONFIG, ROOT, STRATEGIES


@pytest.fixture
def scene(tmp_path: Path, watchdog: Watchdog) -> Callable[..., Scene]:
    def made(*names: str, **strategies: Strategy) -> Scene:
        asked = {name: STRATEGIES[name] for name in names} | strategies
        return Scene(CONFIG, asked, watchdog, tmp_path, [0], blocks=1)

    return made


def values(rows: Iterator[Row], figure: str) -> dict[str, float | None]:
    return {row.case: row.value for row in rows if row.figure == figure}


def failures(rows: Iterator[Row]) -> list[str]:
    return [row.failure for row in rows if row.failure]


# --- shared state --------------------------------------------------------------------------------------------------


def test_updates_are_lost_where_others_come_between(scene: Callable[..., Scene]) -> None:
    rows = list(shared_state.rows(scene()))
    lost = values(iter(rows), "lost")
    assert {case for case, value in lost.items() if not value} == {"threads with a lock", "a loop"}
    alone = values(iter(rows), "alone")
    assert {case for case, value in alone.items() if value} == {"forks"}
    assert alone["forks"] == shared_state.CLIENTS


def test_a_server_that_forgets_is_found_and_its_careful_twin_is_not(scene: Callable[..., Scene]) -> None:
    twins = {way: Strategy(command=misbehaving(f"counting.py {way}"), name=way) for way in ("forgetful", "careful")}
    lost = values(shared_state.tried(scene(), twins), "lost")
    assert lost["careful"] == 0
    assert (lost["forgetful"] or 0) > 0


def test_a_server_that_counts_otherwise_is_a_row_with_its_reason(scene: Callable[..., Scene]) -> None:
    rows = list(shared_state.tried(scene(), {"echo": STRATEGIES["epoll"]}))
    assert [row.value for row in rows] == [None]
    assert "invalid literal" in rows[0].failure


# --- the backlog ---------------------------------------------------------------------------------------------------


def test_a_queue_admits_no_more_than_it_has_room_for(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "BACKLOGS", (1, 5))
    rows = list(backlog.rows(scene()))
    established = values(iter(rows), "established")
    assert established == {"listen(1)": 2, "listen(5)": 6}  # Linux: one more than the backlog
    for case, asked in values(iter(rows), "asked").items():
        others = sum(values(iter(rows), figure)[case] or 0 for figure in ("established", "waiting", "refused"))
        assert others == asked
    assert failures(iter(rows)) == []


# --- a dribbler ----------------------------------------------------------------------------------------------------


def test_who_serves_one_at_a_time_lets_others_wait_for_a_dribbler(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dribbler, "PATIENCE_S", 0.5)  # of those that wait in vain
    rows = list(dribbler.rows(scene("blocking", "socketserver")))
    assert failures(iter(rows)) == []
    held_up = {row.strategy: row.value for row in rows if row.figure == "held_up"}
    assert held_up == {"blocking": dribbler.OTHERS, "socketserver": dribbler.OTHERS}


def test_threads_forks_and_loops_let_nobody_wait_for_it(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dribbler, "PATIENCE_S", 20.0)  # nobody waits in vain, however busy the machine is
    rows = list(dribbler.rows(scene("threading", "forking", "select", "poll")))
    assert failures(iter(rows)) == []
    assert {row.value for row in rows if row.figure == "held_up"} == {0}


def test_who_has_no_echo_or_is_silent_is_a_row_with_its_reason(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dribbler, "LIMIT_S", 0.5)
    silent = STRATEGIES["epoll"].model_copy(update={"command": STRATEGIES["epoll"].command + " --service log"})
    http, logged = failures(dribbler.rows(scene("http-threading", silent=silent)))
    assert http == dribbler.NO_ECHO
    assert logged == "gave no reply within 0.5 s, though nobody was in the way"


def test_another_reply_is_no_reply() -> None:
    server, client = socket.socketpair()
    with server, client:
        server.sendall(b"goodbye")
        server.shutdown(socket.SHUT_WR)
        with pytest.raises(ServerFailed, match="replied b'goodbye'"):
            dribbler._hear(client)


# --- restart -------------------------------------------------------------------------------------------------------


def test_a_port_in_time_wait_is_bound_with_the_option_alone(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    """60 seconds aren't waited for: that it is refused until then is seen at once."""
    monkeypatch.setattr(restart, "LIMIT_S", 0.5)
    rows = list(restart.begin(scene("blocking"))())
    seconds = values(iter(rows), "seconds")
    assert seconds[restart.WITHOUT] is None
    assert failures(iter(rows)) == ["still refused after 0.5 s"]
    assert values(iter(rows), "refused") == {restart.WITH: 0, restart.CONTROL: 0}
    assert None not in {seconds[restart.WITH], seconds[restart.ITSELF], seconds[restart.CONTROL]}


def test_who_does_not_close_first_is_skipped(scene: Callable[..., Scene]) -> None:
    (row,) = restart.begin(scene("asyncio-to-thread"))()
    assert (row.value, row.failure) == (None, "it offers no service greet, in which the server closes first")


def test_a_port_that_somebody_holds_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = restart.Port("held", "", 0, number=held.getsockname()[1])
        port.left_at = time.monotonic()
        port.try_it()
    assert (port.seconds, port.refused, port.failure) == (None, 1, "")


# --- anatomy -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing")
def test_system_calls_of_a_request_are_counted(scene: Callable[..., Scene]) -> None:
    rows = list(anatomy.rows(scene("select", "threading-bare")))
    if any("can't attach" in row.failure for row in rows):
        pytest.skip(rows[0].failure)
    alone = {(row.strategy, row.figure): row.value for row in rows if row.case == "1 client"}
    assert alone["select", "pselect6"] == pytest.approx(1, abs=0.1)
    assert alone["select", "recvfrom"] == pytest.approx(1, abs=0.1)
    assert alone["select", "sendto"] == pytest.approx(1, abs=0.1)
    assert ("threading-bare", "pselect6") not in alone


def test_without_strace_the_code_is_still_measured(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    rows = list(anatomy.rows(scene("select")))
    assert set(failures(iter(rows))) == {"strace is missing; install it (apt-get install strace)"}
    assert {row.figure for row in rows if row.case == anatomy.CODE} >= {"statements", "branches", "names"}


def test_one_at_a_time_is_asked_by_one_client_alone(scene: Callable[..., Scene]) -> None:
    assert "it serves 1 at a time" in failures(anatomy.rows(scene("blocking")))


def test_code_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    code = '"""About."""\n\nimport os\n\ndef f(a):\n    """Says."""\n    if a:\n        return os.sep\n    return a\n'
    path.write_text(code)
    found = anatomy.measures(path)
    assert found["statements"] == 5  # import, def, if, two returns
    assert found["branches"] == 1
    assert found["names"] == 4  # os, f, a, sep
    assert found["functions"] == 1


def test_whose_code_it_is(tmp_path: Path) -> None:
    assert anatomy.own_file(STRATEGIES["select"]) == ROOT / "servers/readiness/select_loop.py"
    assert anatomy.own_file(Strategy(command="./server {port}")) is None
    (tmp_path / "mine.py").touch()
    assert anatomy.own_file(Strategy(command="{python} mine.py", cwd=tmp_path)) == tmp_path / "mine.py"


# --- all together --------------------------------------------------------------------------------------------------


def test_who_takes_longest_is_begun_first_and_ends_last(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    course: list[str] = []

    def begin(name: str) -> Callable[[Scene], Callable[[], Iterator[Row]]]:
        def begun(scene: Scene) -> Callable[[], Iterator[Row]]:
            course.append(f"begin {name}")

            def end() -> Iterator[Row]:
                course.append(f"end {name}")
                return iter(())

            return end

        return begun

    made = {name: probes.Probe("", begin(name), takes_s) for name, takes_s in (("short", 1), ("long", 60))}
    monkeypatch.setattr(probes, "PROBES", made)
    assert list(probes.begin(["short", "long"], scene())()) == []
    assert course == ["begin long", "begin short", "end short", "end long"]
