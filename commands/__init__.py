"""A file a verb of run_bench.py: its options, its examples, and what it does with both wings.

A verb's module has EXAMPLES (lines for --help), `add_options(parser)` and `run(given)`, which returns the exit code. It
is imported when it is named, so that measuring doesn't load what draws. Only here do the two wings meet.
"""

VERBS = {
    "bench": "measure strategies side by side; the command if none is named",
    "gate": "did a change make it slower? base against head, with known error rates",
    "soak": "one strategy for minutes without interruption, at a rate: does it stall, leak or drift?",
    "probe": "what isn't a rate: ports after a restart, the backlog, shared state, system calls",
    "compare": "two results folders, side by side",
    "report": "a results folder as one page, made again: findings, charts, table, code",
    "export": "a run in the formats of other programs: HDR logs, CSV, Parquet, OpenMetrics",
    "check": "put servers through the conformance suite, measure nothing",
    "doctor": "what this machine can measure, and what stands in the way (a minute)",
}
