"""Servers that run already: who answers is told from who doesn't, in one line, before anything is begun."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from harness.config import Config, ConfigError, Strategy, read
from harness.conformance.reached import must_answer
from harness.plan import attached, selection
from harness.processes import attached as processes
from harness.processes.attached import HANDSHAKES, Attached
from harness.processes.server import ServerFailed
from tests.support.elsewhere import running
from tests.support.peers import Peer, echo, peers, silent
from tests.support.project import ROOT


def config_of(folder: Path, line: str) -> Config:
    (folder / "mine.toml").write_text(f"[strategies]\nweb = {line}\n")
    return read(ROOT / "bench.toml", folder / "mine.toml")


def asked(folder: Path, address: str, allow_remote: bool = False, more: str = "") -> None:
    """What a command does before it begins."""
    config = config_of(folder, f'{{ attach = "{address}"{more} }}')
    found = attached.found(config, selection.select(config, "web"), allow_remote)
    must_answer(config, found, ["echo", "greet"])


@contextmanager
def full() -> Iterator[str]:
    """A port that answers no connect any more, as one does that is filtered: its queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        host, port = listener.getsockname()
        yield f"{host}:{port}"


def at(peer: Peer) -> str:
    return "{}:{}".format(*peer.address)


def test_one_that_serves_what_it_says_is_taken(tmp_path: Path) -> None:
    with running("epoll") as (web,):
        asked(tmp_path, web.address)
        asked(tmp_path, web.address.replace("127.0.0.1", "localhost"))


def test_ipv6_is_met_too(tmp_path: Path) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        server = Attached("web", attached_to(tmp_path, f"[::1]:{listener.getsockname()[1]}"))
        server.wait_ready()
        assert server.endpoint.url == f"tcp://[::1]:{listener.getsockname()[1]}"


def attached_to(folder: Path, address: str) -> Strategy:
    config = config_of(folder, f'{{ attach = "{address}" }}')
    return attached.found(config, selection.select(config, "web"), allow_remote=True)["web"]


def test_the_round_trip_is_of_handshakes_that_the_kernel_answers(tmp_path: Path) -> None:
    """The program behind it sleeps, and nobody accepts."""
    with socket.create_server(("127.0.0.1", 0), backlog=2 * HANDSHAKES) as listener:
        server = Attached("web", attached_to(tmp_path, f"127.0.0.1:{listener.getsockname()[1]}"))
        assert server.network_round_trip_us is None
        server.wait_ready()
        assert server.network_round_trip_us is not None
        assert server.network_round_trip_us > 0


def refused(folder: Path, address: str, **more: object) -> str:
    with pytest.raises(ConfigError) as fault:
        asked(folder, address, **more)  # type: ignore[arg-type]
    line = str(fault.value)
    assert line.startswith(f"{folder / 'mine.toml'}: strategies.web.attach")
    assert "\n" not in line
    return line


def test_nobody_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    assert refused(tmp_path, address).endswith(
        f": nobody answers at {address}: connection refused; start the server there, or correct the port"
    )


def test_a_port_that_is_filtered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "ANSWERS_WITHIN_S", 0.2)
    with full() as address:
        line = refused(tmp_path, address)
    assert f"nobody answers at {address}: no word within 0.2 s" in line
    assert "let it through" in line


def test_the_wrong_service(tmp_path: Path) -> None:
    def babbles(sock: socket.socket, number: int) -> None:
        while sock.recv(65536):
            sock.sendall(b"HTTP/1.0 400 What?\r\n\r\n" + bytes(1000))

    with peers(web=babbles) as there:
        line = refused(tmp_path, at(there["web"]))
    assert "doesn't serve echo: " in line
    assert 'name what it serves with services = ["..."]' in line


def test_one_service_of_two(tmp_path: Path) -> None:
    with peers(web=echo) as there:
        line = refused(tmp_path, at(there["web"]), more=', services = ["echo", "greet"]')
    assert "doesn't serve greet: " in line


def test_our_own_side_has_no_descriptor_left(tmp_path: Path) -> None:
    config = config_of(tmp_path, '{ attach = "127.0.0.1:9000" }')
    found = attached.found(config, selection.select(config, "web"), allow_remote=False)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(ConfigError, match=r"web\.attach: can't be asked from here: too many open files"):
            must_answer(config, found, ["echo"])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_link_local_address_is_refused_for_its_zone(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has a zone"):
        config_of(tmp_path, '{ attach = "[fe80::1%lo]:9000" }')


def test_a_name_that_leads_nowhere(tmp_path: Path) -> None:
    assert "(is 'no-such-host.invalid:9000'): leads to no address (" in refused(tmp_path, "no-such-host.invalid:9000")


def test_another_machine_takes_an_option(tmp_path: Path) -> None:
    for address in ("192.0.2.7:9000", "10.1.2.3:9000", "[2001:db8::7]:9000"):
        line = refused(tmp_path, address)
        assert f"{address} isn't this machine" in line
        assert "--allow-remote" in line


def test_one_that_is_gone_says_so_to_who_asks(tmp_path: Path) -> None:
    with running("epoll") as (web,):
        server = Attached("web", attached_to(tmp_path, web.address))
        server.wait_ready()
        web.end()
        server.raise_if_dead()
        with pytest.raises(ServerFailed, match="nobody answers at"):
            server.raise_if_gone()


def test_one_that_hangs_doesn_t_hold_up_the_start(tmp_path: Path) -> None:
    """The conformance suite finds out."""
    with peers(web=silent) as there:
        Attached("web", attached_to(tmp_path, at(there["web"]))).wait_ready()
