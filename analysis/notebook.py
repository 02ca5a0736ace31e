# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From raw windows to each chart
#
# A run leaves a line a window behind, and nothing else is measured. This notebook walks from these lines to every
# figure and chart, with pandas, and works each figure out by hand before it takes it from `cells`.
#
# `make notebook` carries it out for the newest run, `make notebook RESULTS=results/RUN-ID` for another one. To work
# in it: `jupytext --to ipynb analysis/notebook.py`.

# %%
import os
from io import BytesIO

import numpy as np
import pandas as pd
from IPython.display import Image, Markdown, display

from analysis import cells, charts, read, verdicts
from analysis.claims.words import evidence, subject
from analysis.histograms import merged

pd.options.display.float_format = lambda number: f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
pd.options.display.max_colwidth = 200

run = read(os.environ.get("RESULTS", "results/latest"))
machine = run.run.get("machine") or {}
revision = run.run.get("revision") or "an unknown revision"
place = f"on {machine.get('cpu', 'an unknown CPU')}, at {revision}"
display(Markdown(f"Run `{run.run['run_id']}` ({run.run['outcome']}), {place}."))
for note in run.notes:
    display(Markdown(f"- {note}"))

# %% [markdown]
# ## Windows
#
# A window is a tenth of a second or so in which one server is asked. Its head warms up, its counted part counts, and
# its drain follows what is still open. Windows of all strategies of a group follow each other in random order, a round
# after the other; a block has fresh server processes. What makes a cell are its strategy, its variant and its place on
# each axis; those that differ in this run stand in front.

# %%
windows = run.windows
axes = [axis["name"] for axis in run.run["axes"]]
where = ["strategy", *(name for name in ("variant", *axes) if windows[name].nunique() > 1)]
display(windows[[*where, "block", "round", "counted_s", "requests", "replies", "censored"]].head(10))
display(windows.groupby(where, sort=False).agg(windows=("requests", "size"), blocks=("block", "nunique")).head(10))

# %% [markdown]
# ## A rate
#
# A window's rate is its correct replies by its counted time. Windows of a block share their processes and are no
# independent witnesses, so a block has their mean. Over blocks, which are what repeats, it is the geometric mean.

# %%
windows["rate_of_window"] = windows["requests"] / windows["counted_s"]
blocks = windows.groupby([*where, "block"], sort=False)["rate_of_window"].mean().rename("rate_of_block")
by_hand = np.exp(np.log(blocks[blocks > 0]).groupby(level=where, sort=False).mean()).rename("by_hand")
display(blocks.unstack("block").round(0).head(15))

# %% [markdown]
# The same by `cells`, with its interval. It is wide where the machine moved between blocks: that hit all strategies
# alike, and is no difference between them.

# %%
table = cells(run)
measured = table[table["windows"].notna()]
rates = measured.set_index(where)[["throughput_rps", "throughput_rps_low", "throughput_rps_high", "block_spread"]]
held = rates.join(by_hand)
display(held.head(15))
sure = held[held["throughput_rps_low"].notna()]
np.testing.assert_allclose(sure["by_hand"], sure["throughput_rps"], rtol=1e-9)

# %% [markdown]
# ## What is compared
#
# Two strategies meet the same machine in a round, so their ratio is taken there, and the machine falls out of it. A
# block has the median of its rounds', and all blocks their geometric mean. Bars (`_bar_low` to `_bar_high`) are made
# for comparing, too: two that don't touch differ at about 5 %. A rank says how many strategies were shown to be faster.

# %%
reference = run.run.get("reference")
places = [*where[1:], "block", "round"]
rounds = windows.pivot_table("rate_of_window", places, "strategy", sort=False)
if reference in rounds:
    display(Markdown(f"Ratios to `{reference}`, by hand:"))
    logs = rounds.where(rounds > 0).apply(np.log)
    medians = logs.sub(logs[reference], axis=0).groupby(level=places[:-1], sort=False).median()
    display(np.exp(medians.groupby(level=where[1:], sort=False).mean() if where[1:] else medians.mean()).round(3))
compared = ["ratio", "ratio_low", "ratio_high", "throughput_rps_bar_low", "throughput_rps_bar_high", "rank"]
display(measured[[*where, *compared]].head(15))

# %% [markdown]
# ## Latencies
#
# Each window holds a histogram of nanoseconds. Poured together, a fast block would outvote a slow one, so blocks weigh
# alike. Of one block it is the percentile of what was looked at.

# %%
first = windows[windows["latency_hdr"].astype(bool)].groupby([*where, "block"], sort=False)["latency_hdr"].first()
for text in first.head(1):
    told = merged([text])
    share = np.cumsum(told.counts) / told.total
    display(Markdown(f"`{text[:60]}...` holds {told.total:,} latencies in {len(told.values)} buckets:"))
    percentiles = {f"p{percent}": told.values[np.searchsorted(share, percent / 100)] for percent in (50, 90, 99)}
    display(pd.Series(percentiles, name="ns").to_frame())
display(measured[[*where, "p50_us", "p50_us_low", "p50_us_high", "p90_us", "p99_us", "p999_us", "max_us"]].head(15))

# %% [markdown]
# ## What a request costs
#
# CPU time of the server's process tree by its correct replies, of each block, and the mean of these. The memory of a
# connection is looked at in two blocks at most: it has a least and a most, and no interval.

# %%
sums = windows.groupby([*where, "block"], sort=False)[["server_cpu_s", "replies"]].sum()
costs = (sums["server_cpu_s"] / sums["replies"] * 1e6).groupby(level=where, sort=False).mean().rename("by_hand")
costly = [
    "server_cpu_us_per_request",
    "memory_mib",
    "memory_per_connection_kib",
    "memory_per_connection_kib_least",
    "memory_per_connection_kib_most",
    "threads",
    "processes",
]
display(measured.set_index(where)[costly].join(costs).head(15))

# %% [markdown]
# ## What can be relied on
#
# What limited each cell, and every doubt with its number. A doubt takes a figure out of the ranks where it touches
# comparison, and makes its marker hollow.

# %%
display(measured[[*where, "limited_by", "verdict", "reason"]][measured["verdict"] != "ok"].head(20))
failed = table[table["windows"].isna()]
display(failed[[*where, "status", "status_reason"]])

# %% [markdown]
# ## The charts
#
# Each is a matplotlib figure that can be changed and saved.

# %%
drawn = charts(run, table)


def show(beginning: str) -> None:
    """The charts of which the name begins so; a line that says so where the run has none."""
    names = [name for name in drawn if name.startswith(beginning)]
    for name in names:
        held = BytesIO()
        drawn[name].savefig(held, format="png", dpi=72)
        display(Markdown(f"`charts(run, table)[{name!r}]`"), Image(held.getvalue(), alt=name))
    if not names:
        display(Markdown(f"This run has no chart `{beginning}`."))


# %% [markdown]
# **Throughput** is `throughput_rps` with its bars, along the clients and the message sizes. Bars compare strategies at
# one place.

# %%
show("throughput_vs_")

# %% [markdown]
# **Latency** is `p50_us` and `p99_us` along the clients. In a closed loop more clients wait longer by themselves.

# %%
show("latency_vs_clients")

# %% [markdown]
# **Distribution**: the histograms of one point, blocks weighing alike, from the median to where the data end.

# %%
show("latency_distribution")

# %% [markdown]
# **CPU** is `server_cpu_us_per_request`, the least on top.

# %%
show("cpu_per_request")

# %% [markdown]
# **At a rate** (`--load open`): latency from the instant at which a request was meant to start, whatever the server
# did. **Knee** (`--load knee`): the highest rate whose p99 stayed under the limit, `knee_rps`.

# %%
show("latency_vs_rate")
show("knee")

# %% [markdown]
# ## Claims on trial
#
# A run of `run_bench.py trial` has the claims that it tried, and `verdicts` says what it shows of each: the verdict,
# what would change it, and how far each figure lies beyond its threshold, block by block (docs/claims.md).

# %%
for claim in verdicts(run, table):
    display(Markdown(f"**{claim.outcome.value.upper()}**: {claim.claim['text']} {claim.claim['means']}"))
    for rule in claim.rules:
        display(Markdown(f"- {evidence(rule, run.usual)}"))
    by_block = {subject(rule): pd.Series(rule.tried.beyond) for rule in claim.rules if len(rule.tried.beyond)}
    if by_block:
        display(pd.DataFrame(by_block).apply(np.exp).rename_axis("block").T.round(3))
    if claim.claim["changes"]:
        display(Markdown(f"What would change it: {claim.claim['changes']}."))

# %%
show("claims-")
