"""What servers do while nobody asks them: work that was put off belongs to the requests of the windows."""

from collections.abc import Mapping
from dataclasses import replace

from analysis.records.columns import Columns, column
from analysis.records.points import CELL_KEYS
from analysis.records.reading import Results


def charged(results: Results) -> Results:
    """The run with what was put off in the CPU time of its windows, the same for each reply of a cell.

    It is known of the blocks in which it was waited for. Of a server that was still busy at the end of that, what it
    used tells how long it was left alone, and nothing of its requests: it stays out.
    """
    found, threshold = results.footprints, _threshold(results.thresholds)
    put_off_s = found["put_off_cpu_s"].astype(float).where(found["restless_share"].astype(float) < threshold, 0.0)
    if not put_off_s.any():
        return results
    sums = found.assign(put_off_s=put_off_s).groupby(CELL_KEYS)[["put_off_s", "replies"]].sum()
    of_a_reply = (sums["put_off_s"] / sums["replies"]).rename("of_a_reply")
    per_reply = results.windows[CELL_KEYS].join(of_a_reply, on=CELL_KEYS)["of_a_reply"].fillna(0.0)
    charge_s = per_reply * results.windows["replies"]
    cpu = {name: results.windows[name] + charge_s for name in ("server_cpu_s", "unasked_cpu_s")}
    return replace(results, windows=results.windows.assign(**cpu))


def restless(footprints: Columns | None, thresholds: Mapping[str, float]) -> float:
    """How busy a server is that doesn't rest when it is left alone, as a share of a CPU; 0 for one that does."""
    if footprints is None:
        return 0.0
    most = float(column(footprints, "restless_share", float).max())
    return most if most >= _threshold(thresholds) else 0.0


def _threshold(thresholds: Mapping[str, float]) -> float:
    return thresholds.get("restless_share", 1.0)  # older runs have no such servers
