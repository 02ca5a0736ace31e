"""Bad input at the command line: one line that says what to mend, exit code 2, nothing begun."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands import parser
from tests.support.command_line import TINY, Case
from tests.support.loaded import Loaded
from tests.support.project import ROOT


def attached(address: str) -> str:
    """A bench file of a server that runs already."""
    return f"{TINY}[strategies]\nmine = {{ attach = '{address}' }}\n"


CASES = {
    "unknown-option": Case("--stratgies all", ("--stratgies", '"--strategies"')),
    "command-after-an-option": Case("--seed 1 gate", ("gate", "before its options", "run_bench.py gate")),
    "command-after-a-bench-file": Case("--profile tiny doctor", ("run_bench.py doctor",)),
    "word-after-an-option": Case("--seed 1 gibberish", ("gibberish", "--help")),
    "unknown-command": Case("chekc", ("chekc", '"check"')),
    "unknown-strategy": Case("--strategies epoll,slect", ("--strategies", "slect", '"select"')),
    "no-strategy": Case("--strategies ,", ("--strategies",)),
    "unknown-profile": Case("--profile quik", ("--profile", "quik", '"quick"')),
    "unknown-service": Case("--service ecko", ("--service", "ecko", '"echo"')),
    "small-size": Case("--sizes 64,10", ("--sizes", "10", "11")),
    "no-size": Case("--sizes big", ("--sizes", "big", "16KiB")),
    "no-clients": Case("--clients 0", ("--clients", "'0'")),
    "negative-clients": Case("--clients=-5", ("--clients", "'-5'")),
    "clients-by-thousands": Case("--clients 10k", ("--clients", "'10k'", "10000")),
    "comma-of-thousands": Case("--company-sizes 0,1,000", ("--company-sizes", "0,1,000", "write 1000")),
    "strategy-alone": Case("epoll", ("epoll", "--strategies epoll")),
    "strategy-after-an-option": Case("--seed 1 epoll,poll", ("--strategies epoll,poll",)),
    "no-workers": Case("--workers 0", ("--workers", "'0'")),
    "no-seed": Case("--seed one", ("--seed", "one")),
    "unknown-load": Case("--load opne", ("--load", "opne")),
    "open-without-rate": Case("--load open", ("--load", "--rate")),
    "rate-without-open": Case("--rate 2000", ("--load", "--rate")),
    "no-rate": Case("--load open --rate fast", ("--rate", "fast", "50%")),
    "rate-of-nothing": Case("--load open --rate 0", ("--rate", "'0'", "from 0.01")),
    "rate-that-is-no-number": Case("--load open --rate 100,nan", ("--rate", "'nan'")),
    "rate-beyond-any-loader": Case("--load open --rate 1e9", ("--rate", "'1e9'")),
    "digit-that-is-no-number": Case("--clients \u00b2", ("--clients", "whole number")),
    "process-that-is-no-number": Case("--workers \u00b2", ("--workers", "whole number")),
    "no-share": Case("--precision 0", ("--precision", "'0'", "2%")),
    "no-time": Case("--precision 2% --budget soon", ("--budget", "soon", "10m")),
    "budget-for-nothing": Case("--budget 5m", ("--budget", "--precision")),
    "no-limit": Case("--require p99", ("--require", "p99<10ms")),
    "limit-of-no-figure": Case("--require p9<10ms", ("--require", "'p99'")),
    "limit-without-unit": Case("--require p99<10", ("--require", "10ms")),
    "limit-of-a-count-in-per-cent": Case("soak --strategies epoll --require starved<10%", ("--require", "starved")),
    "soak-of-many": Case("soak", ("one strategy", "--strategies")),
    "soak-of-two-crowds": Case("soak --strategies epoll --clients 1,10", ("--clients", "one value")),
    "soak-at-a-share": Case("soak --strategies epoll --rate 50%", ("--rate", "1000")),
    "soak-for-no-time": Case("soak --strategies epoll --for soon", ("--for", "10m")),
    "soak-for-no-unit": Case("soak --strategies epoll --for 20", ("--for", "'20'", "10m")),
    "soak-at-no-rate": Case("soak --strategies epoll --rate 0", ("--rate", "'0'", "write such as 2000")),
    "one-block": Case("trial --blocks 1", ("--blocks", "what repeats", "12")),
    "unknown-claim": Case("trial --only port-in-us", ("--only", "port-in-us", '"port-in-use"')),
    "unknown-probe": Case("probe backlogs", ("backlogs", '"backlog"')),
    "probe-of-no-strategy": Case("probe restart --strategies epol", ("--strategies", '"epoll"')),
    "variant-named-twice": Case("gate --variants plain,plain", ("--variants", "plain", "twice")),
    "gate-of-nothing": Case("gate", ("--against", "--variants", "--calibrate")),
    "gate-of-one-variant": Case("gate --variants plain", ("--variants BASE,HEAD",)),
    "variants-against": Case("--against HEAD --variants plain", ("--against", "--variants")),
    "calibrate-against": Case("gate --calibrate --against HEAD", ("--calibrate", "--against")),
    "unknown-variant": Case("--variants plian", ("--variants", "plian", '"plain"')),
    "variant-without-python": Case(
        "--variants old", ("mine.toml", "variants.old.python", "python0.9"), '[variants.old]\npython = "python0.9"\n'
    ),
    "variant-that-is-no-python": Case(
        "--variants odd", ("mine.toml", "variants.odd.python", "/bin/true"), '[variants.odd]\npython = "/bin/true"\n'
    ),
    "variant-with-a-name-of-a-path": Case("", ("mine.toml", "variants"), '[variants."a/b"]\n'),
    "unknown-revision": Case("gate --against no-such-branch", ("--against", "no-such-branch", "git branch")),
    "revision-that-is-an-option": Case("gate --against=--help", ("--against", "--help", "no such revision")),
    "strategy-of-no-revision": Case(
        "gate --against HEAD --strategies mine",
        ("mine.toml", "strategies.mine", "variants"),
        "[strategies]\nmine = 'true'\n",
    ),
    "attach-and-command": Case(
        "", ("mine.toml", "strategies.mine", "attach and command"), attached("127.0.0.1:1', command = 'x")
    ),
    "attach-to-no-port": Case("", ("mine.toml", "strategies.mine.attach", "HOST:PORT"), attached("localhost")),
    "attach-to-a-bare-address": Case("", ("mine.toml", "strategies.mine.attach", "[ADDRESS]:PORT"), attached("::1:9")),
    "attach-to-nobody": Case(
        "--strategies mine,epoll --profile tiny", ("mine.toml", "strategies.mine.attach", "127.0.0.1:1", "start the"),
        attached("127.0.0.1:1"),
    ),
    "attach-elsewhere": Case(
        "--strategies mine,epoll --profile tiny", ("strategies.mine.attach", "192.0.2.7:9", "--allow-remote"),
        attached("192.0.2.7:9"),
    ),
    "gate-of-one-attached": Case(
        "gate --variants plain,py311 --strategies mine", ("mine.toml", "strategies.mine.attach", "leave it out"),
        attached("127.0.0.1:1"),
    ),
    "calibration-of-one-attached": Case(
        "gate --calibrate --strategies mine", ("mine.toml", "strategies.mine.attach", "a gate", "leave it out"),
        attached("127.0.0.1:1"),
    ),
    "one-attached-against-a-revision": Case(
        "gate --against HEAD --strategies mine", ("mine.toml", "strategies.mine.attach", "--against", "leave it out"),
        attached("127.0.0.1:1"),
    ),
    "on-loss-and-nobody-comes": Case(
        "--strategies epoll --profile tiny --on-loss stop", ("--on-loss stop", "no worker comes", "--from-hosts"), TINY
    ),
    "soak-of-one-attached": Case(
        "soak --strategies mine", ("mine.toml", "strategies.mine.attach", "a soak"), attached("127.0.0.1:1")
    ),
    "trial-of-one-attached": Case(
        "trial --only one-client-at-a-time", ("mine.toml", "strategies.blocking.attach", "a trial", "leave it out"),
        attached("127.0.0.1:1").replace("mine", "blocking"),
    ),
    "probe-of-one-attached": Case(
        "probe anatomy --strategies mine", ("mine.toml", "strategies.mine.attach", "a probe"), attached("127.0.0.1:1")
    ),
    "budget-too-small": Case("gate --calibrate --strategies epoll --budget 5s", ("--budget", "epoll")),
    "no-margin": Case("gate --calibrate --margin much", ("--margin", "much")),
    "undecided-how": Case("gate --calibrate --undecided maybe", ("--undecided", "maybe")),
    "compare-one": Case("compare {tmp}", ("B",)),
    "compare-nothing": Case("compare {tmp}/none {tmp}/none", ("none", "no such folder")),
    "open-matrix-without-rate": Case(
        "--profile tiny", ("mine.toml", "profiles.tiny.matrix", "rate"), TINY.replace("[2] }", "[2], load = 'open' }")
    ),
    "missing-file": Case("--bench {tmp}/none.toml", ("none.toml", "--bench")),
    "unknown-key": Case("", ("mine.toml", "window.drain_limt_s", '"drain_limit_s"'), "[window]\ndrain_limt_s = 1\n"),
    "malformed-toml": Case("", ("mine.toml", "line 2"), "seed = 1\n[strategies\n"),
    "placeholder": Case("", ("mine.toml", "strategies.mine", "{prot}", '"port"'), "[strategies]\nmine = 'a {prot}'\n"),
    "quotation": Case("--strategies mine", ("mine.toml", "strategies.mine"), "[strategies]\nmine = \"a 'b\"\n"),
    "no-such-command": Case(
        "--strategies mine,epoll --profile tiny",
        ("mine.toml", "strategies.mine", "./no-such-server"),
        f"{TINY}[strategies]\nmine = './no-such-server {{port}}'\n",
    ),
    "nul-in-a-command": Case("", ("mine.toml", "strategies.mine.command", "NUL"), '[strategies]\nmine = "a \\u0000"\n'),
    "nul-in-an-environment": Case("", ("mine.toml", "variants.a.env.X", "NUL"), '[variants.a.env]\nX = "\\u0000"\n'),
    "name-in-an-environment": Case("", ("mine.toml", "variants.a.env", "A=B"), '[variants.a.env]\n"A=B" = "c"\n'),
    "number-of-thousands-of-digits": Case("", ("mine.toml", "digits"), f"seed = {'9' * 5000}\n"),
    "nested-too-deeply": Case("", ("mine.toml", "nested"), f"seed = {'[' * 5000}{']' * 5000}\n"),
    "reference": Case("", ("mine.toml", "reference", '"epoll"'), "reference = 'epol'\n"),
    "negative-blocks": Case("", ("mine.toml", "profiles.tiny.blocks"), TINY.replace("blocks = 2", "blocks = -2")),
    "at-least-more-than-at-most": Case(
        "", ("mine.toml", "profiles.tiny", "at_least_s is 9"), f"{TINY}at_least_s = 9\nat_most_s = 3\n"
    ),
    "half-a-profile": Case(
        "", ("mine.toml", "profiles.tiny.rounds", "the whole of it"), "[profiles.tiny]\nblocks = 2\n"
    ),
    "server-cpus": Case("", ("mine.toml", "servers.cpus", "4096"), "[servers]\ncpus = [4096]\n"),
    "loader-cpus": Case("", ("mine.toml", "loadgen.cpus", "4096"), "[loadgen]\ncpus = [4096]\n"),
    "results-below-a-file": Case("--results {file}/results", ("--results", "file/results")),
    "results-is-a-file": Case("--results {file}", ("--results", "file")),
    "latest-is-a-folder": Case("--results {tmp}/occupied --profile tiny --strategies epoll", ("--results",), TINY),
    "descriptors": Case("--clients 1000", ("--clients", "1000", "600", "ulimit"), descriptors=600),
    "descriptors-by-file": Case(
        "--profile tiny", ("mine.toml", "clients", "1000", "600"), TINY.replace("[2]", "[1000]"), descriptors=600
    ),
    "read-of-nothing": Case("--recv-sizes 0", ("--recv-sizes", "0", "1 byte to 16MiB")),
    "read-of-less": Case("--recv-sizes -1", ("--recv-sizes", "'-1'", "16KiB")),
    "read-of-too-much": Case("--recv-sizes 1KiB,1TiB", ("--recv-sizes", "1TiB", "16MiB")),
    "no-cpus": Case("--cpus 0", ("--cpus", "'0'", "whole number")),
    "cpus-of-words": Case("--cpus 1,all", ("--cpus", "'all'", "whole number")),
    "read-of-words": Case("--recv-sizes much", ("--recv-sizes", "much", "16KiB")),
    "along-nothing": Case("--along recv_sices", ("--along", "recv_sices", '"recv_sizes"')),
    "along-the-loaders": Case("--along clients --clients 1,2", ("--along", "clients", "servers' side", "recv_sizes")),
    "along-one-value": Case("--along recv-sizes --recv-sizes 1KiB", ("--along", "fewer than two recv_sizes")),
    "along-one-of-the-file": Case(
        "--profile tiny", ("mine.toml", "profiles.tiny.matrix.0", "fewer than two"),
        TINY.replace("[2] }", "[2], recv_sizes = [7], along = 'recv_sizes' }"),
    ),
    "nobody-can-follow": Case("--strategies uvloop --recv-sizes 1KiB", ("can take part", "256,000", "--strategies")),
    "backlog": Case("--clients 1000000", ("--clients", "1000000")),
    "workers-from-nowhere": Case("--workers 2 --from-hosts 3", ("--from-hosts 3", "2 workers", "--workers 3")),
    "workers-from-words": Case("--from-hosts many", ("--from-hosts", "'many'", "whole number")),
    "listening-for-nobody": Case("--listen 127.0.0.1:5557", ("--listen 127.0.0.1", "--from-hosts")),
    "listening-everywhere": Case("--from-hosts 1 --listen 0.0.0.0", ("--listen", "0.0.0.0", "10.0.0.1")),
    "listening-at-no-port": Case("--from-hosts 1 --listen 127.0.0.1:x", ("--listen", "127.0.0.1:x", "10.0.0.1:5557")),
    "paths-from-hosts": Case(
        "--from-hosts 1 --strategies epoll --transports unix", ("--from-hosts", "a Unix socket", "leave unix out")
    ),
    "nobody-serves": Case(
        "--strategies mine --service log", ("--service",), "[strategies.mine]\ncommand = 'true'\nservices = ['echo']\n"
    ),
}  # fmt: skip

OF_THIS_MACHINE = {"backlog", "server-cpus", "loader-cpus"}  # cases whose line tells of it


@pytest.fixture(scope="module")
def loaded() -> Iterator[Loaded]:
    process = Loaded()
    yield process
    process.quit()


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, loaded: Loaded, tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    case, tmp = CASES[name], tmp_path
    ended = loaded.run(case.words(tmp), tmp, case.descriptors)
    assert ended.returncode == 2, ended.stderr
    (line,) = ended.stderr.splitlines()
    assert [word for word in case.says if word not in line] == [], line
    if name not in OF_THIS_MACHINE:
        golden(f"errors/{name}.txt", line.replace(str(tmp), "{tmp}").replace(str(ROOT), "{project}") + "\n")
    assert not (tmp / "results").exists()
    assert [path.name for path in (tmp / "occupied").iterdir()] == ["latest"]


def test_plan_is_listed_and_nothing_started(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    ended = Case(
        "--list --profile tiny --strategies epoll,mine", (), f"{TINY}[strategies]\nmine = 'touch {tmp_path}/started'\n"
    ).run(tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    plan, _, warnings = ended.stdout.partition("\nWarning: ")  # those are of this machine, as is what is said of CPUs
    plan = re.sub(r"^Note: servers and load generator share a CPU.*\n", "", plan, flags=re.MULTILINE)
    golden("plan.txt", re.sub(r"^CPUs: .*", "CPUs: ...", plan.rstrip() + "\n", flags=re.MULTILINE))
    assert all("; " in warning for warning in warnings.split("\nWarning: ") if warning)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "mine.toml", "occupied"]


def test_few_descriptors_make_waves(tmp_path: Path) -> None:
    ended = Case("--list --profile tiny --strategies epoll,poll,select --clients 300", (), TINY, 900).run(tmp_path)
    assert ended.returncode == 0, ended.stderr
    said = " ".join(ended.stdout.split())
    assert "2 then 2" in said
    assert "in turn: epoll, select; then epoll, poll" in said
    assert "ratios to epoll, which is among them each time, are between neighbours in time" in said


@pytest.mark.parametrize("verb", ["doctor", "check"])
def test_ctrl_c_is_answered_with_a_line_and_130(tmp_path: Path, verb: str) -> None:
    """Sent when the first line of progress says that it is under way."""
    words = [verb, *(["--results", str(tmp_path)] if verb == "doctor" else ["--strategies", "epoll,poll,select"])]
    with subprocess.Popen([sys.executable, str(ROOT / "run_bench.py"), *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stdout.readline()
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said == "run_bench.py: interrupted\n"


def test_what_check_takes_by_default_is_said() -> None:
    """It knows no profile."""
    for verb, default in (("check", "all of them"), ("gate", "as the profile says")):
        said = " ".join(parser.parser(verb).format_help().split())
        assert f"echo, greet, log, http, xmlrpc (default: {default})" in said


def test_help() -> None:
    ended = subprocess.run(
        [sys.executable, str(ROOT / "run_bench.py"), "--help"], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0
    for option in ("--strategies", "--clients", "--sizes", "--service", "--profile", "--seed", "--workers",
                   "--results", "--bench", "--list", "--unchecked"):  # fmt: skip
        assert option in ended.stdout


def test_without_dependencies_one_line_says_how_to_get_them(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-S", str(ROOT / "run_bench.py"), "--results", str(tmp_path / "results")],
        capture_output=True,
        text=True,
        timeout=60,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert any(f"{name} is not installed" in line for name in ("pydantic", "psutil", "rich", "scipy")), line
    assert "make setup" in line
    assert not (tmp_path / "results").exists()
