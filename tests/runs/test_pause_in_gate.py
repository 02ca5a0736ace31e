"""A gate on servers that pause now and then: a pause is no loss, and never the exit code of one."""

from collections.abc import Callable

from tests.support.bench import Bench
from tests.support.project import ROOT

UNASKED = f"{{python}} {ROOT}/tests/support/misbehaving/unasked.py"
SETTINGS = """
[window]
lengths = [{ clients = 1000, head_s = 0.005, counted_s = 0.03 }]
drain_limit_s = 0.1
[profiles.tiny]
blocks = 4
rounds = 2
matrix = [{ service = ["echo"], clients = [3], sizes = [64] }]
[variants.one]
[variants.two]
[strategies]
"""


def test_a_pause_is_no_loss(bench: Callable[..., Bench]) -> None:
    """Both forms of the server have a window without a reply in each block."""
    running = bench({"pauses": f"{UNASKED} pauses"}, "--variants", "one,two", "--strategies", "pauses",
                    "--profile", "tiny", "--budget", "20s", settings=SETTINGS, verb="gate")  # fmt: skip
    code = running.ended()
    assert code != 1, running.output
    assert running.failures("pauses") == []
    windows = running.windows("pauses")
    blocks = {row["block"] for row in windows}  # as many as the budget has time for here
    assert {row["block"] for row in windows if not row["replies"]} == blocks >= {0, 1}
    assert running.nothing_left(), running.family()
