"""`run_bench.py export`: a run in the formats of other programs."""

import argparse
from pathlib import Path

from rich.markup import escape

from analysis.export import FORMATS
from commands import options, values
from commands.outcomes import NOTHING_MEASURED
from harness import disk
from harness.config import ConfigError, nearest
from harness.terminal import say

EXAMPLES = """\
  run_bench.py export results/latest --format hlog   latencies for HdrHistogram's tools
"""
ALL = "all"
INSTALL = ".venv/bin/python -m uv pip install --group parquet"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which run, in which formats, where they go."""
    which = parser.add_argument_group("what to take")
    options.add_run(which)
    formats = "; ".join(f"{name}: {what}" for name, what in FORMATS.items())
    which.add_argument(
        "--format",
        type=values.listed(_format),
        default=[ALL],
        metavar="NAME,...",
        help=f"{formats}; all: every one whose library is installed (default)",
    )
    where = parser.add_argument_group("where it goes")
    where.add_argument("--to", type=Path, metavar="FOLDER", help="the files go there (default: RESULTS/export)")


def _format(text: str) -> str:
    names = [*FORMATS, ALL]
    if text not in names:
        raise argparse.ArgumentTypeError(f"{text}: no such format{nearest(text, names)}; there are {', '.join(names)}")
    return text


def run(given: argparse.Namespace) -> int:
    """Write the files, name them. Exit code 1 where the run has nothing that could stand in them."""
    from analysis import cells, read
    from analysis.export import formats
    from analysis.records.reading import ResultsError

    folder = given.to or given.folder / "export"
    written: list[Path] = []
    try:
        results = read(given.folder)
        table = cells(results)
        for name in FORMATS if ALL in given.format else dict.fromkeys(given.format):
            try:
                written += formats.write(name, results, table, folder)
            except ModuleNotFoundError as error:
                missing = str(error.name).partition(".")[0]
                if ALL not in given.format:
                    raise ConfigError(
                        f"--format {name}: {missing} is not installed; run `{INSTALL}`, or take another format"
                    ) from None
                say(f"[yellow]Note[/]: no {name}, as {missing} is not installed: {INSTALL}")
    except ResultsError as error:
        raise ConfigError(str(error)) from None
    except OSError as error:
        if disk.is_full(error):
            raise
        raise ConfigError(f"--to: {error.filename}: {error.strerror}; name a folder that can be written") from None
    if not written:
        say(f"Nothing to export: {escape(str(given.folder))} holds no cell with what these formats hold")
        return NOTHING_MEASURED
    for path in sorted({path.parent if path.parent != folder else path for path in written}):
        say(f"Written: {escape(str(path))}")
    return 0
