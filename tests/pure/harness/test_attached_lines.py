"""A strategy's line that says where a server runs already: how it is read, and where such a one takes no part."""

from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from harness import machine
from harness.config import Config, ConfigError, read
from harness.config.attach import is_here, parted
from harness.plan import attached, plan, selection
from harness.plan.plan import Overrides, Plan
from harness.processes.endpoint import Endpoint
from loadgen.target import Target
from tests.support.project import ROOT

MATRIX = """
[profiles.tiny]
blocks = 2
rounds = 1
matrix = [{ service = ["echo"], clients = [3] }]
"""


def config_of(folder: Path, line: str) -> Config:
    (folder / "mine.toml").write_text(f"{MATRIX}[strategies]\nweb = {line}\n")
    return read(ROOT / "bench.toml", folder / "mine.toml")


def planned(folder: Path, address: str, overrides: Overrides | None = None, more: str = "") -> Plan:
    config = config_of(folder, f'{{ attach = "{address}"{more} }}')
    found = attached.found(config, selection.select(config, "web,epoll"), allow_remote=True)
    return plan.make(config, {one.label: one for one in found.values()}, "tiny", overrides or Overrides())


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:9000", "127.0.0.1", 9000),
        ("web.example:1", "web.example", 1),
        ("my_host:65535", "my_host", 65535),
        ("[2001:db8:0::7]:80", "2001:db8::7", 80),
    ],
)
def test_host_and_port(text: str, host: str, port: int) -> None:
    assert parted(text) == (host, port)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no port"),
        ("web", "no port"),
        ("web:", "no port"),
        ("web:http", "no port"),
        ("web:0", "no port"),
        ("web:65536", "no port"),
        ("web:\u0662", "no port"),
        (":9000", "names no host"),
        ("a b:9000", "names no host"),
        ("-a:9000", "names no host"),
        ("[web]:9000", "names no host"),
        ("::1:9000", "write it as [ADDRESS]:PORT"),
        ("http://web:80", "is a URL"),
        ("0.0.0.0:9000", "no address of one host"),
        ("[::]:9000", "no address of one host"),
        ("239.1.1.1:9000", "no address of one host"),
    ],
)
def test_what_is_no_address(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as fault:
        config_of(tmp_path, f"{{ attach = '{text}' }}")
    line = str(fault.value)
    assert line.startswith(f"{tmp_path / 'mine.toml'}: strategies.web.attach (is {text!r}): ")
    assert says in line


@pytest.mark.parametrize(
    "key", ["command = 'x'", "ready = 'connect'", "workers = 2", "marks = true", "memory_per_client = 1"]
)
def test_who_is_attached_isn_t_started(key: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as fault:
        config_of(tmp_path, f"{{ attach = 'web:1', {key} }}")
    assert str(fault.value).startswith(f"{tmp_path / 'mine.toml'}: strategies.web: has attach and {key.split()[0]}: ")


def test_it_offers_echo_unless_it_says_more(tmp_path: Path) -> None:
    assert config_of(tmp_path, "{ attach = 'web:1' }").strategies["web"].services == ("echo",)
    line = "{ attach = 'web:1', services = ['http', 'echo'] }"
    assert config_of(tmp_path, line).strategies["web"].services == ("http", "echo")


def test_its_label_says_it(tmp_path: Path) -> None:
    assert config_of(tmp_path, "{ attach = 'web:1' }").strategies["web"].label == "web@attached"


def test_nothing_else_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[variants.attached]\n")
    with pytest.raises(ConfigError, match="a meaning of its own"):
        read(ROOT / "bench.toml", tmp_path / "mine.toml")


def test_what_is_on_this_machine() -> None:
    assert [is_here(one) for one in ("127.0.0.1:1", "127.9.8.7:1", "[::1]:1", "10.0.0.1:1", "[fe80::1]:1")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert str(Endpoint("::1", 5)) == "[::1]:5"


def test_an_address_that_this_machine_has_on_a_network_is_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So no --allow-remote is needed for it, nor given to the load generator, which takes it alike."""

    class Address(NamedTuple):
        address: str

    own = {"eth0": [Address("192.0.2.1"), Address("2001:db8::1"), Address("fe80::1%eth0")]}
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: own)
    for address, here in (("192.0.2.1:9", True), ("[2001:db8::1]:9", True), ("[fe80::1]:9", True),
                          ("192.0.2.2:9", False), ("[2001:db8::2]:9", False)):  # fmt: skip
        assert is_here(address) is here
        assert Target.of(f"tcp://{address}").is_here is here
    config = config_of(tmp_path, '{ attach = "192.0.2.1:9" }')
    found = attached.found(config, selection.select(config, "web"), allow_remote=False)
    assert not attached.reach_out(found)
    made = planned(tmp_path, "192.0.2.1:9", Overrides({"service": ["echo"], "requests_per_connection": [1]}))
    assert "web@attached" in made.members(made.groups[0])  # the load comes from loopback addresses, and has ports


def test_a_plan_says_where_it_is_and_whether_others_are_asked(tmp_path: Path) -> None:
    here, elsewhere = (planned(tmp_path, address) for address in ("127.0.0.1:9", "192.0.2.7:9"))
    assert [attached.reach_out(one.strategies) for one in (here, elsewhere)] == [False, True]
    (note,) = (note for note in elsewhere.notes if note.kind == "attached")
    assert note.seen == "met where somebody else has started them: web@attached at 192.0.2.7:9"


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"recv_sizes": [1024]}, "receive size"),
        ({"cpus": [1]}, "number of CPUs"),
        ({"transports": ["unix"]}, "transport"),
        ({"handlers": ["computes"], "handler_times": [1000]}, "handler"),
        ({"company": ["idle"], "company_sizes": [0, 5]}, "company"),
    ],
)
def test_axes_that_servers_get_by_options_can_t_be_set_on_it(
    values: dict[str, list[object]], what: str, tmp_path: Path
) -> None:
    made = planned(tmp_path, "127.0.0.1:9", Overrides(values))
    assert all("web@attached" not in name for group in made.groups for name in made.members(group))
    reasons = {why for group in made.groups for name, why in made.unable(group).items() if name.startswith("web")}
    assert reasons == {f"is attached, and runs as somebody else has started it: {what} can't be chosen here"}


def test_along_such_an_axis_it_takes_no_part_either(tmp_path: Path) -> None:
    made = planned(tmp_path, "127.0.0.1:9", Overrides({"recv_sizes": [1024, 65536]}, "recv_sizes"))
    assert all("web" not in name for group in made.groups for name in made.members(group))


def test_ports_run_out_on_another_machine_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = {"service": ["http"], "requests_per_connection": [1]}
    for reuses, address, takes_part in (
        (False, "127.0.0.1:9", True), (False, "192.0.2.7:9", False), (True, "192.0.2.7:9", True),
    ):  # fmt: skip
        monkeypatch.setattr(machine, "reuses_ports", lambda reuses=reuses: reuses)
        config = config_of(tmp_path, f'{{ attach = "{address}", services = ["http"] }}')
        found = attached.found(config, selection.select(config, "web,wsgiref"), allow_remote=True)
        made = plan.make(config, {one.label: one for one in found.values()}, "tiny", Overrides(ended))
        (group,) = made.groups
        assert ("web@attached" in made.members(group)) is takes_part


def test_who_needs_fresh_servers_refuses_it(tmp_path: Path) -> None:
    config = config_of(tmp_path, '{ attach = "web:1" }')
    attached.refuse(config, selection.select(config, "epoll"), "a gate")
    with pytest.raises(ConfigError) as fault:
        attached.refuse(config, selection.select(config, "epoll,web"), "a gate")
    assert str(fault.value).startswith(f"{tmp_path / 'mine.toml'}: strategies.web.attach: a gate takes no server that")
