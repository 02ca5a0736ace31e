"""The load generator as it is, but for its patience: `python -m tests.support.impatient` waits 3 s for an answer."""

from pathlib import Path

from harness.processes.commanded import Commanded
from harness.processes.loader import Loader

PATIENCE_S = 3.0


class Impatient(Loader):
    """One that waits for so many workers from other hosts."""

    def __init__(self, logs: Path, elsewhere: int) -> None:
        many = str(elsewhere)
        options = ["--workers", many, "--from-hosts", many, "--listen", "127.0.0.1:0"]
        Commanded.__init__(self, "tests.support.impatient", options, None, logs / "loader.err", "")


def main() -> None:
    from loadgen import crew  # only here: Locust patches the process that it is in

    crew.ANSWER_LIMIT_S = PATIENCE_S
    from loadgen import __main__ as loader  # only now: it takes the limit with it

    loader.main()


if __name__ == "__main__":
    main()
