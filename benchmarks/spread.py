"""How the ratios of a run spread: between rounds of a block, and between blocks, by their mean and by their median.

`python -m benchmarks.spread [RESULTS]` prints the standard deviation of the logarithm of a rate by another in the same
round: of a strategy's by the reference's, or of a variant's by the first one's. Where blocks spread as rounds do, by
the root of their number, the windows are the noise, and more of them narrow the intervals.
"""

import sys
from pathlib import Path

import numpy as np

from analysis.records.points import POINT, title
from analysis.records.reading import read


def main(results: Path) -> None:
    found = read(results)
    variants = list(found.run.get("variants") or {})
    windows = found.windows.assign(log_rate=np.log(found.windows["requests"] / found.windows["counted_s"]))
    print(f"{results}: {found.run['rounds']} rounds a block")
    parts = windows.groupby(["strategy", *POINT] if variants else POINT, sort=False)
    for _, group in parts:
        rates = group.pivot_table(
            index=["block", "round"], columns="variant" if variants else "strategy", values="log_rate"
        )
        by = variants[0] if variants else found.run["reference"]
        ratios = rates.sub(rates[by], axis=0).drop(columns=by)
        rounds = np.sqrt(ratios.groupby("block").var().mean())
        means, medians = ratios.groupby("block").mean().std(), ratios.groupby("block").median().std()
        strategy = f"{group['strategy'].iloc[0]}, " if variants else ""
        where = strategy + title(group, found.usual)
        print(
            f"{where}: rounds {rounds.median():.3f}, blocks by the mean {means.median():.3f}, "
            f"by the median {medians.median():.3f}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/latest"))
