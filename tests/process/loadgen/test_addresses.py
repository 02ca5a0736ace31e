"""Where the load goes, and where it comes from."""

import ipaddress
import itertools
import socket

import psutil
import pytest

from harness.processes.loader import Loader, LoaderFailed
from loadgen import source
from loadgen.source import Source, SourceAddresses
from loadgen.target import Target
from tests.support.peers import CLIENTS, echo, opened, peers


def test_remote_target_is_refused_before_any_connect(one_worker: Loader) -> None:
    with peers(near=echo, other=echo) as started:
        targets = {"near": started["near"].url, "far": "tcp://203.0.113.1:9"}
        with pytest.raises(LoaderFailed, match=r"203\.0\.113\.1.*--allow-remote"):
            one_worker.open(targets, 1, {"service": "echo", "message_size": 64, "requests_per_connection": 0})
        with opened(one_worker, {"other": started["other"].url}):
            pass
        assert started["near"].sources == [], "a refused command leaves nothing behind"


def test_each_server_sees_an_address_of_its_own(one_worker: Loader) -> None:
    with peers(a=echo, b=echo) as started:
        targets = {name: peer.url for name, peer in started.items()}
        for _ in range(2):
            with opened(one_worker, targets):
                pass
        seen = [peer.sources for peer in started.values()]
    for sources in seen:
        assert len(sources) == 2 * CLIENTS
        assert len(set(sources)) == 2  # one for each time it was opened
    assert not set(seen[0]) & set(seen[1])
    assert all(ipaddress.ip_address(host).is_loopback for sources in seen for host in sources)


def test_source_address_changes_before_its_ports_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert source.CONNECTIONS_PER_ADDRESS == 8000
    monkeypatch.setattr(source, "CONNECTIONS_PER_ADDRESS", 3)
    addresses = SourceAddresses()
    used: list[list[str]] = []
    for _ in range(4):
        one = Source(addresses, Target.of("tcp://127.0.0.1:9"))
        used.append([bound(one) for _ in range(7)])
    for sources in used:
        assert [len(list(group)) for _, group in itertools.groupby(sources)] == [3, 3, 1]
    every = [host for sources in used for host, _ in itertools.groupby(sources)]
    assert len(set(every)) == len(every)
    assert all(ipaddress.ip_address(host) in ipaddress.ip_network("127.0.0.0/8") for host in every)
    assert not any(host.startswith("127.0.") for host in every)


def test_load_on_an_address_of_this_machine_s_own_comes_from_loopback_too() -> None:
    """Or its ports would run out, as none of other networks is used again at once."""
    own = next((one.address for of in psutil.net_if_addrs().values() for one in of
                if one.family == socket.AF_INET and not one.address.startswith("127.")), "")  # fmt: skip
    if not own:
        pytest.skip("this machine is on no network")
    with socket.create_server((own, 0)) as listener, socket.socket() as sock:
        Source(SourceAddresses(), Target.of(f"tcp://{own}:9")).bind(sock)
        sock.connect(listener.getsockname())
        connection, (host, _) = listener.accept()
        connection.close()
    assert ipaddress.ip_address(host).is_loopback


def test_source_of_other_targets_is_left_to_the_kernel() -> None:
    assert bound(Source(SourceAddresses(), Target.of("tcp://192.0.2.1:9"))) == "0.0.0.0"


def bound(one: Source) -> str:
    with socket.socket() as sock:
        one.bind(sock)
        host, port = sock.getsockname()
        assert port == 0  # left to connect()
        return str(host)
