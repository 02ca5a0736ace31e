"""What a run compares, as the command line names it: strategies as they are, in variants, or at two revisions."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from commands import options
from commands.paths import ENVIRONMENTS, ROOT
from harness import terminal
from harness.config import Config, ConfigError
from harness.plan import attached, selection
from harness.variants import entries as variants
from harness.variants import revision
from harness.variants.entries import Forms


@contextmanager
def asked(config: Config, given: argparse.Namespace) -> Iterator[Forms]:
    """The strategies as they are, as variants, or at two revisions."""
    if given.against and given.variants:
        raise ConfigError("--against and --variants: a run compares one or the other; leave one out")
    wanted = options.strategies(config, given)
    if given.against:
        with revision.against(config, wanted, given.against, ROOT) as forms:
            yield forms
        return
    strategies = selection.select(config, wanted)
    if given.variants:
        attached.refuse(config, strategies, "--variants")
        with terminal.console.status("Environments of the variants (built once)"):
            forms = variants.of_bench_file(config, strategies, given.variants, ENVIRONMENTS)
        yield forms
    else:
        yield variants.plain(attached.found(config, strategies, given.allow_remote))


@contextmanager
def base_and_head(config: Config, given: argparse.Namespace) -> Iterator[Forms]:
    """The two variants that a gate compares."""
    if given.calibrate:
        if given.against or given.variants:
            raise ConfigError("--calibrate: compares the working tree with itself; leave --against and --variants out")
        with revision.twice(config, options.strategies(config, given), ROOT) as forms:
            yield forms
        return
    if not given.against and len(given.variants) != 2:
        raise ConfigError("gate: what with what? give --against REF, or --variants BASE,HEAD, or --calibrate")
    with asked(config, given) as forms:
        yield forms
