"""What is said of an invented soak: a pause of the server's, one of the machine's, a leak, and nothing."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from analysis.judging.cells import tabulate
from analysis.judging.soak import course, findings, sentences
from analysis.records.reading import Results, read
from analysis.report import page
from analysis.tables import soak as table
from tests.support.made_up import at_rate, folder_of, histogram

SECONDS, RATE = 120, 300
MIB = 1 << 20


def soak(tmp_path: Path, *, pause_s: float = 0.0, waited_s: float = 0.0, service: bool = True,
         leak_bytes: int = 0, busy: float = 0.001, looks: int = 1) -> Results:  # fmt: skip
    """A pause in second 70, in which the server waited so long for a CPU; and so many bytes more each second."""
    rng = np.random.default_rng(1)
    lines: list[dict[str, Any]] = []
    waited, used = 0.0, 1.0
    for second in range(SECONDS):
        times = rng.lognormal(np.log(5e5), 0.5, RATE)
        longest = times.max()
        if second == 70 and pause_s:
            inside = rng.random(RATE) < pause_s
            times = times + inside * rng.uniform(0, pause_s * 1e9, RATE)
            longest = times.max() if service else longest
        waited += busy + waited_s * (second == 70)
        used += 0.01
        lines.append({
            "round": second // 10, "at_s": float(second), "offered": RATE, "answered": RATE,
            "latency_hdr": histogram(times), "service_max_ns": int(longest), "sampled_s": second + 0.9,
            "server_cpu_s": used, "kept_waiting_s": waited, "processes": 1, "threads": 1,
            "own_bytes": 50 * MIB + second * leak_bytes,
        })  # fmt: skip
        if second % looks:  # nobody looked at the server since
            held = ("sampled_s", "server_cpu_s", "kept_waiting_s", "own_bytes")
            lines[-1] |= {name: lines[-2][name] for name in held}
    windows = [
        at_rate("epoll", RATE, round=round_, started_ns=round_ * 10**10, latencies=rng.lognormal(13, 0.5, 3000))
        for round_ in range(SECONDS // 10)
    ]
    made = folder_of(tmp_path, windows)
    (made / "soak.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return read(made)


def told(results: Results) -> list[str]:
    seen = course(results)
    assert seen is not None
    return list(sentences(findings(results, seen), seen))


def saying(said: list[str], words: str) -> list[str]:
    return [sentence for sentence in said if words in sentence]


def test_of_a_sound_server_nothing_is_found(tmp_path: Path) -> None:
    said = told(soak(tmp_path))
    assert said[0] == "No stall of the server's in 120 s."
    assert not [sentence for sentence in said if sentence.startswith(("Stall", "Leak", "Drift"))]
    assert len(said) == 4


def test_cpu_time_isnt_told_by_that_of_a_load_generator_elsewhere(tmp_path: Path) -> None:
    """Whose machine has other slow minutes: here the loader's gets dearer, and the server's doesn't."""
    made = soak(tmp_path)
    dearer = made.windows["loader_cpu_s"] * np.linspace(1.0, 2.0, len(made.windows))
    windows = made.windows.assign(loader_cpu_s=dearer, server_cpu_s=made.windows["replies"] * 1e-5)
    here, elsewhere = (told(replace(made, windows=windows.assign(workers=1, elsewhere=many))) for many in (0, 1))
    assert saying(here, "Drift: CPU time a request (by the load generator's) moved by -")
    assert saying(elsewhere, "No drift is shown: CPU time a request moved by ")


def test_a_window_that_was_lost_is_a_gap_and_said(tmp_path: Path) -> None:
    """Of its seconds there are no lines; that no window is lost, but looked away from, isn't said."""
    whole = soak(tmp_path)
    assert not saying(told(whole), "nothing is known")
    kept = whole.seconds[~whole.seconds["round"].isin([4, 5, 9])].reset_index(drop=True)
    said = told(replace(whole, seconds=kept))
    assert said[0] == "No stall of the server's in 90 s."
    assert saying(said, "Of 30 s within it nothing is known")


def test_a_pause_of_the_server_is_a_stall_with_its_place_and_length(tmp_path: Path) -> None:
    (stall,) = saying(told(soak(tmp_path, pause_s=0.4)), "Stall")
    assert stall.startswith("Stall: at 70 s ")
    assert "the slowest took 3" in stall or "the slowest took 4" in stall  # hundred milliseconds


def test_a_pause_while_others_had_the_cpu_is_not_the_server_s(tmp_path: Path) -> None:
    said = told(soak(tmp_path, pause_s=0.4, waited_s=0.35))
    assert not saying(said, "Stall:")
    assert saying(said, "In 1 s requests were slow while others had the CPU")


def test_whose_pause_it_was_is_not_known_better_than_the_server_was_looked_at(tmp_path: Path) -> None:
    """Of hundreds of forks a look takes long, so they are seldom looked at: it may have waited in any second since."""
    said = told(soak(tmp_path, pause_s=0.4, waited_s=0.35, looks=7))
    assert not saying(said, "Stall:")
    assert saying(told(soak(tmp_path, pause_s=0.4, looks=7)), "Stall: at 70 s")


def test_requests_that_were_sent_late_are_not_the_server_s(tmp_path: Path) -> None:
    """From the send to the answer none of them took long."""
    said = told(soak(tmp_path, pause_s=0.4, service=False))
    assert not saying(said, "Stall:")
    assert saying(said, "the load generator was late")


def test_a_leak_is_told_with_its_size(tmp_path: Path) -> None:
    (leak,) = saying(told(soak(tmp_path, leak_bytes=MIB // 60)), "Leak")
    assert leak.startswith("Leak: memory rises by 1 MiB a minute")


def test_on_a_busy_machine_no_drift_is_told(tmp_path: Path) -> None:
    said = told(soak(tmp_path, busy=0.2))
    assert saying(said, "Whether latency or CPU time drifts can't be told: for 20 % of the time")
    assert not saying(said, "Drift")


def test_terminal_and_page_say_it(tmp_path: Path) -> None:
    results = soak(tmp_path, leak_bytes=MIB // 60)
    text = StringIO()
    table.render(results, Console(file=text, width=300))
    assert "Leak: memory rises by 1 MiB a minute" in text.getvalue()
    html = page.render(results, tabulate(results))
    assert "Leak: memory rises by 1 MiB a minute" in html
    assert "data:image/svg+xml" in html


def test_another_run_has_no_such_section(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [at_rate("epoll", 100, block=block) for block in range(2)]
    results = read(folder_of(tmp_path, records))
    assert course(results) is None
    assert 'id="soak"' not in page.render(results, tabulate(results))
