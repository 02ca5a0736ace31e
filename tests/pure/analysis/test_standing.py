"""What a cell is among the others of its group: bars, what unstable is, ranks, and what is said of the machine."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from rich.console import Console

from analysis.drawing.charts import figures
from analysis.judging.cells import tabulate
from analysis.records.reading import Results, read
from analysis.tables.run import render
from tests.support.made_up import MadeUp, at_rate, footprint, window

MOVEMENT = (0.0, -0.7, 0.3, -0.6, 0.2, 0.1)  # what each block does to all, on the log scale
NAMES = ("epoll", "poll", "select", "uvloop")


def results_of(folder: Path, records: list[dict[str, Any]]) -> Results:
    MadeUp(capacity={}, groups=()).write(folder)
    (folder / "windows.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return read(folder)


def cells_of(folder: Path, records: list[dict[str, Any]]) -> pd.DataFrame:
    return tabulate(results_of(folder, records)).set_index("strategy")


def noisy_hour(names: tuple[str, ...] = NAMES, own: float = 0.01, **given: Any) -> list[dict[str, Any]]:
    """Strategies whose rates differ by a tenth from one to the next, on a machine that halves some blocks."""
    random = np.random.default_rng(1)
    made = []
    for block, moved in enumerate(MOVEMENT):
        for place, name in enumerate(names):
            requests = round(40_000 * 0.9**place * np.exp(moved + random.normal(0, own)))
            latencies = np.full(requests // 10, 100 * 0.1e9 / requests)  # as Little says
            made.append(window(name, block=block, clients=100, requests=requests, latencies=latencies, **given))
    return made


def said(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_what_the_machine_does_to_all_is_in_no_bar_no_rank_and_makes_nobody_unstable(tmp_path: Path) -> None:
    found = cells_of(tmp_path, noisy_hour())
    wide = found["throughput_rps_high"] / found["throughput_rps"]
    bars = found["throughput_rps_bar_high"] / found["throughput_rps"]
    assert (wide > 1.4).all()
    assert (bars < 1.02).all()
    assert (found["block_spread"] < 0.03).all()
    assert not found["reason"].str.contains("unstable").any()
    assert found["rank"].to_dict() == {"epoll": 1, "poll": 2, "select": 3, "uvloop": 4}


def test_who_moves_alone_is_unstable_and_not_ranked(tmp_path: Path) -> None:
    names = ("epoll", "poll", "select", "uvloop", "gevent", "twisted")
    made = [record | {"requests": round(record["requests"] * (0.3 if record["block"] % 2 else 1))}
            if record["strategy"] == "gevent" else record for record in noisy_hour(names)]  # fmt: skip
    found = cells_of(tmp_path, made)
    assert list(found.index[found["reason"].str.contains("unstable")]) == ["gevent"]
    assert found["rank"].isna().to_dict() == {name: name == "gevent" for name in names}


def test_one_alone_keeps_the_plain_interval(tmp_path: Path) -> None:
    cell = cells_of(tmp_path, noisy_hour(("epoll",))).loc["epoll"]
    for end in ("low", "high"):
        assert cell[f"throughput_rps_bar_{end}"] == cell[f"throughput_rps_{end}"]
    assert "unstable between blocks" in cell["reason"]
    assert pd.isna(cell["movement_low"])


def test_who_lacks_a_block_keeps_the_plain_interval(tmp_path: Path) -> None:
    """In the others it met a better machine than they did, so its figure isn't theirs to be compared with."""
    made = [record for record in noisy_hour() if (record["strategy"], record["block"]) != ("poll", 1)]
    found = cells_of(tmp_path, made)
    cell = found.loc["poll"]
    assert cell["throughput_rps_bar_high"] == cell["throughput_rps_high"] > 1.3 * cell["throughput_rps"]
    assert found.loc["epoll", "throughput_rps_bar_high"] < 1.02 * found.loc["epoll", "throughput_rps"]


def test_who_fails_moves_nobody(tmp_path: Path) -> None:
    made = [record | {"requests": 3 + 40 * record["block"], "errors": {"reset": 9000}, "failed": 9000}
            if record["strategy"] == "uvloop" else record for record in noisy_hour()]  # fmt: skip
    found = cells_of(tmp_path, made)
    assert found.loc["uvloop", "limited_by"] == "errors"
    assert found.loc["epoll", "throughput_rps_bar_high"] < 1.02 * found.loc["epoll", "throughput_rps"]
    assert found.loc["epoll", "movement_low"] == pytest.approx(np.expm1(-0.7 + 0.7 / 6), abs=0.02)


def test_drifting_is_a_remark_and_takes_no_rank(tmp_path: Path) -> None:
    """All of a group are counted over the same part of a window."""
    made = [record | {"first_half": round(0.6 * record["requests"])} for record in noisy_hour()]
    found = cells_of(tmp_path, made)
    assert found["reason"].str.contains("drifting within windows").all()
    assert found["rank"].to_dict() == {"epoll": 1, "poll": 2, "select": 3, "uvloop": 4}


def test_whose_rate_may_be_wrong_pushes_nobody_down(tmp_path: Path) -> None:
    made = [record | {"asked": record["asked"] + 5} if record["strategy"] == "epoll" else record
            for record in noisy_hour()]  # fmt: skip
    found = cells_of(tmp_path, made)
    assert "counts don't reconcile" in found.loc["epoll", "reason"]
    assert found["rank"].fillna(0).to_dict() == {"epoll": 0, "poll": 1, "select": 2, "uvloop": 3}


@pytest.mark.parametrize("figure", ["p50_us", "p99_us", "server_cpu_us_per_request"])
def test_bars_of_latencies_and_cpu_are_for_comparing_too(tmp_path: Path, figure: str) -> None:
    found = cells_of(tmp_path, noisy_hour())
    assert (found[f"{figure}_high"] > 1.3 * found[figure]).all()
    assert (found[f"{figure}_bar_high"] < 1.1 * found[figure]).all()


def test_bars_of_a_knee_are_for_comparing_too(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    made = [at_rate(name, round(10_000 * np.exp(moved + random.normal(0, 0.01))), load="knee", phase="found",
                    block=block, latencies=np.full(20_000, 5e6))
            for block, moved in enumerate(MOVEMENT) for name in NAMES]  # fmt: skip
    found = cells_of(tmp_path, made)
    assert (found["knee_rps_high"] > 1.4 * found["knee_rps"]).all()
    assert (found["knee_rps_bar_high"] < 1.02 * found["knee_rps"]).all()


def test_the_machines_movement_is_told_once(tmp_path: Path) -> None:
    results = results_of(tmp_path, noisy_hour())
    table = tabulate(results)
    sentence = "he machine moved all by -44 % to +52 % between blocks"
    printed = StringIO()
    render(results, table, Console(file=printed, width=110))
    assert printed.getvalue().count(sentence) == 1
    assert printed.getvalue().count("\N{EN DASH}") == len(NAMES)  # the printed interval is the wide one
    for name, figure in figures(results, table):
        assert said(figure).count(sentence) == 1, name


def test_the_caption_says_what_bars_are(tmp_path: Path) -> None:
    for folder, names in (("many", NAMES), ("alone", NAMES[:1])):
        results = results_of(tmp_path / folder, noisy_hour(names))
        drawn = {name: said(figure) for name, figure in figures(results, tabulate(results))}
        for chart in ("throughput_vs_clients", "latency_vs_clients", "cpu_per_request"):
            assert ("bars: for comparing strategies at one x" in drawn[chart]) == (folder == "many")
            assert ("bars: 95 % intervals over blocks" in drawn[chart]) == (folder == "alone")


# --- blocks weigh alike ---------------------------------------------------------------------------------------------


def test_a_fast_block_has_no_more_votes_on_latency_and_cpu(tmp_path: Path) -> None:
    """Of three blocks one answers ten times as much, in a tenth of the time and with a tenth of the CPU."""
    made = []
    for block, (requests, took) in enumerate(((20_000, 1e5), (2000, 1e6), (2000, 1e6))):
        cpu_s = requests * took * 1e-10
        made.append(window("epoll", block=block, requests=requests, latencies=np.full(requests, took), clients=100,
                           server_cpu_s=cpu_s, server_minor_faults=requests if block else 0))  # fmt: skip
        made.append(footprint("epoll", block=block, clients=100, replies=requests, user_s=cpu_s, system_s=0.0))
    cell = cells_of(tmp_path, made).loc["epoll"]
    assert cell["p50_us"] == pytest.approx(1000, rel=1e-3)
    assert cell["server_cpu_us_per_request"] == pytest.approx((10 + 100 + 100) / 3)
    assert cell["server_user_us_per_request"] == pytest.approx((10 + 100 + 100) / 3)
    assert cell["server_minor_faults_per_request"] == pytest.approx(2 / 3)
    assert cell["capacity_per_core_rps"] == pytest.approx(1e6 / 70)


def test_a_block_whose_p99_is_missing_makes_the_p99_no_surer(tmp_path: Path) -> None:
    """The worst block has none: it lies among what was never answered."""
    made = [window("epoll", block=block, requests=9000, latencies=np.full(9000, 1e6 + 1e4 * block), clients=100,
                   unfinished=100 if block == 2 else 0, censored=100 if block == 2 else 0)
            for block in range(4)]  # fmt: skip
    cell = cells_of(tmp_path, made).loc["epoll"]
    assert cell["p99_us"] == pytest.approx(1030, rel=2e-2)
    assert pd.isna(cell["p99_us_low"])
    assert pd.isna(cell["p99_us_high"])
    assert cell["p50_us_low"] < cell["p50_us"] < cell["p50_us_high"]
