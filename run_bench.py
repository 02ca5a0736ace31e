"""Floods servers of every concurrency model side by side, and says what each costs.

This file is the table of contents:

    the verb that is named     commands/VERB.py: its options, and what it does
    what is measured           bench.toml -> harness/config -> harness/plan
    measuring                  harness/run: blocks of fresh servers, interleaved windows -> results/RUN-ID
    what comes of it           analysis: results/RUN-ID -> cells, charts, table, exports
"""

# PYTHON_ARGCOMPLETE_OK

import os
import signal
import sys
from collections.abc import Sequence

try:
    from commands import output, parser
    from harness import disk
    from harness.config import ConfigError
except ModuleNotFoundError as missing:
    print(
        f"run_bench.py: {missing.name} is not installed; run `make setup`, then use .venv/bin/python",
        file=sys.stderr,
    )
    sys.exit(2)
except KeyboardInterrupt:  # the imports take a moment
    print("run_bench.py: interrupted", file=sys.stderr)
    sys.exit(130)


def main(arguments: Sequence[str]) -> int:
    """Do what the verb does. Exit code 2: bad input; 4: full disk; 130: interrupted; 141: output lost; else its own."""
    # A polite kill ends a run the way Ctrl-C does; and that works in the background too, where shells ignore it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    output.watch()
    if "_ARGCOMPLETE" in os.environ:
        parser.module("completion").complete()
    try:
        verb, own = parser.named(arguments)
        given = parser.parsed(verb, own)
        code: int = parser.module(verb).run(given)
        sys.stdout.flush()
        return code
    except ConfigError as error:
        output.complain(str(error))
        return 2
    except output.OutputLost as lost:
        return output.lost(lost)
    except OSError as error:
        if not disk.is_full(error):
            raise
        output.complain(disk.said(error, "results"))
        return 4
    except KeyboardInterrupt:
        output.complain("interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
