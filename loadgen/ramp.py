"""A shape of Locust's: the crowd grows by steps of 1, 2, 5 up to --users, so that a chart shows where a server bends.

locust -f loadgen/locustfile.py,loadgen/ramp.py --host tcp://127.0.0.1:9000 --headless -u 500 --step 10
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # wherever Locust is started

from locust import LoadTestShape, events

from loadgen.places import crowds


class Ramp(LoadTestShape):
    use_common_options = True  # --users is the largest crowd

    def tick(self) -> tuple[int, float] | None:
        """How many users there are to be now, and how many of them may come in a second; nothing at the end."""
        runner: Any = self.runner
        options = runner.environment.parsed_options
        sizes = crowds(options.num_users or 1)
        step = int(self.get_run_time() / options.step)
        return (sizes[step], sizes[-1]) if step < len(sizes) else None


@events.init_command_line_parser.add_listener
def add_options(parser: Any, **_: Any) -> None:
    """How long each crowd stays."""
    parser.add_argument("--step", type=float, default=10.0, metavar="SECONDS", help="of each crowd (default: 10)")
