"""A worker process under Locust's master: `python -m loadgen.worker PORT [--allow-remote] [--compiled]`."""

import sys

from loadgen.control import LOOPBACK, Worker, quiet_logging


def main(arguments: list[str]) -> None:
    quiet_logging()
    worker = Worker("--allow-remote" in arguments, "--compiled" in arguments)
    runner = worker.environment.create_worker_runner(LOOPBACK, int(arguments[0]))
    worker.listen(runner)
    runner.greenlet.join()


if __name__ == "__main__":
    main(sys.argv[1:])
