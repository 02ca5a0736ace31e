"""How the ratios of a run spread: between windows of a round, and between blocks.

`python -m benchmarks.spread [RESULTS]` prints the standard deviation of the logarithm of a strategy's rate by the
reference's: of single rounds within a block, and of the blocks' means. Where the second is the first by the
root of the rounds, the windows are the noise, and more of them narrow the intervals.
"""

import sys
from pathlib import Path

import numpy as np

from analysis.load import GROUP_KEYS, load


def main(results: Path) -> None:
    found = load(results)
    windows = found.windows.assign(rate=np.log(found.windows["requests"] / found.windows["counted_s"]))
    rounds = int(windows.groupby(["block", *GROUP_KEYS], dropna=False)["round"].nunique().max())
    print(f"{results}: {rounds} rounds a block; medians over the strategies")
    for key, group in windows.groupby(GROUP_KEYS, dropna=False):
        rates = group.pivot_table(index=["block", "round"], columns="strategy", values="rate")
        ratios = rates.sub(rates[found.run["reference"]], axis=0).drop(columns=found.run["reference"])
        within = np.sqrt(ratios.groupby("block").var().mean())
        blocks = ratios.groupby("block").mean().std()
        print(
            f"{', '.join(map(str, key))}: rounds {within.median():.3f} "
            f"(by the root of {rounds}: {within.median() / rounds**0.5:.3f}), blocks {blocks.median():.3f}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/latest"))
