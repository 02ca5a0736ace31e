"""Results in the formats of other programs, a file each.

Of a gate (bencher, github_action, junit, markdown): a line in analysis/publish.py. Of any run: a line in FORMATS.
"""

# What `run_bench.py export` writes, by the name of its file here (analysis/export/formats.py).
FORMATS = {
    "hlog": "latencies as HDR histogram logs, a file a cell",
    "csv": "a row a figure",
    "parquet": "windows, cells and figures, for which pyarrow has to be installed",
    "openmetrics": "the figures as OpenMetrics text",
}
