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
    code = running.ended(240)
    assert code != 1, running.output
    assert running.failures("pauses") == []
    empty = [row for row in running.windows("pauses") if not row["replies"]]
    assert {row["block"] for row in empty} >= set(range(4))
    assert running.nothing_left(), running.family()
