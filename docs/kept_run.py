"""What the kept run found, in three sentences of the README (`python -m docs.kept_run`).

The run lies here as run.json and cells.csv; `make kept` takes a newer one.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.splice import spliced
from analysis.units import duration

HERE = Path(__file__).resolve().parent
README = HERE.parent / "README.md"
BEGIN = "<!-- made by `make docs` from docs/run.json and docs/cells.csv -->\n"
CLIENTS, SIZE = 100, 64  # the point that every profile has


def documented(text: str, run: dict[str, Any], cells: pd.DataFrame) -> str:
    """The README with these sentences between its marks."""
    machine = run["machine"]
    blocks = f"{run['blocks']} blocks of fresh servers"
    at = f"On one {machine['cpu']} with {machine['cores']} cores ({blocks}; [when and how](docs/run.json)):"
    return spliced(text, BEGIN, "\n".join([at, "", *(f"- {one}" for one in sentences(run, cells)), ""]))


def sentences(run: dict[str, Any], cells: pd.DataFrame) -> list[str]:
    """What a request costs, how far the rates of a crowd are apart, and who is never served."""
    of_size = cells[(cells["service"] == "echo") & (cells["message_size"] == SIZE) & (cells["load"] == "closed")]
    usual = of_size[of_size["clients"] == CLIENTS]
    crowd = of_size[of_size["clients"] == of_size["clients"].max()]
    return [_cost(usual), _crowd(crowd, run["reference"]), _starved(usual)]


def _cost(cells: pd.DataFrame) -> str:
    is_sound = (cells["starved"] == 0) & cells["cpu_rank"].notna()  # the others' CPU time is doubtful
    by_cost = cells[is_sound].sort_values("server_cpu_us_per_request")
    least, most = by_cost.iloc[0], by_cost.iloc[-1]
    first = by_cost[by_cost["cpu_rank"] == by_cost["cpu_rank"].min()]
    return (
        f"With {least['clients']} clients a request costs a server that serves them all from {_cpu(least)} to "
        f"{_cpu(most)} of CPU time; "
        f"{_first(first)}."
    )


def _cpu(cell: pd.Series) -> str:
    return f"{duration(cell['server_cpu_us_per_request'])} (`{cell['strategy']}`)"


def _crowd(cells: pd.DataFrame, reference: str) -> str:
    ranked = cells[cells["rank"].notna()].sort_values("ratio")  # the others' rates are doubtful, or not all are served
    slowest, first = ranked.iloc[0], ranked[ranked["rank"] == ranked["rank"].min()]
    return (
        f"With {slowest['clients']} clients `{slowest['strategy']}` answers {slowest['ratio']:.2f} times "
        f"({slowest['ratio_low']:.2f} to {slowest['ratio_high']:.2f}) as many requests as `{reference}`; "
        f"{_first(first)}."
    )


def _starved(cells: pd.DataFrame) -> str:
    starving = cells[cells["starved"] > 0]
    clients = cells.iloc[0]["clients"]
    if starving.empty:
        return f"With {clients} clients every strategy serves all of them."
    served = " and ".join(sorted({str(clients - left) for left in starving["starved"]}, key=int))
    serve, leave = ("serves", "leaves") if len(starving) == 1 else ("serve", "leave")
    return f"Of {clients} clients {_names(starving)} {serve} {served} and {leave} the others waiting."


def _first(cells: pd.DataFrame) -> str:
    return f"{_names(cells)} {'has' if len(cells) == 1 else 'share'} the first rank"


def _names(cells: pd.DataFrame) -> str:
    *others, last = (f"`{name}`" for name in sorted(cells["strategy"]))
    return f"{', '.join(others)} and {last}" if others else last


def fresh() -> str:
    """The README as it must be."""
    run = json.loads((HERE / "run.json").read_text(encoding="utf-8"))
    return documented(README.read_text(encoding="utf-8"), run, pd.read_csv(HERE / "cells.csv"))


if __name__ == "__main__":
    README.write_text(fresh(), encoding="utf-8")
    print(README.name)
