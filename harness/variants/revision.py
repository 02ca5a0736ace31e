"""The servers of two revisions side by side: `base` is what they were, `head` what they are in the working tree.

Both are plain copies in one temporary folder. Nothing is registered with git, so nothing of it can be left
behind, and the working tree isn't touched. Their paths are as long as each other: the length of a path moves a
process's memory about, which alone has been seen to make programs faster or slower.
"""

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness import notes
from harness.config import Config, ConfigError, Strategy, strategies_of
from harness.plan import attached
from harness.plan.selection import select
from harness.variants import git
from harness.variants.entries import Forms

BASE, HEAD = "base", "head"
BENCH, SERVERS = "bench.toml", "servers"


@contextmanager
def against(config: Config, wanted: str, ref: str, root: Path) -> Iterator[Forms]:
    """The strategies at a revision of the repository in `root`, and as they are now.

    Raises ConfigError for an unknown revision, or one that has none of them.
    """
    revision = _resolved(ref, root)
    with TemporaryDirectory(prefix="bench-") as folder:
        base, head = Path(folder, BASE), Path(folder, HEAD)
        _extract(revision, ref, root, base)
        _copy(root, head)
        before = strategies_of(base / BENCH)
        forms = _forms(config, wanted, before, base, head, ref, root)
        listed = git.paths(root, "status", "--porcelain", "--no-renames", "-z", "--", SERVERS, BENCH)
        changes = [git.shown(line[3:]) for line in listed]  # two letters, a space, a path
        elsewhere = _elsewhere(revision, root)
        told = list(forms.notes)
        if changes:
            told.append(notes.not_committed(changes))
        elif not git.ask(root, "diff", "--name-only", revision, "--", SERVERS, BENCH).strip():
            told.append(notes.unchanged([f"{SERVERS}/", BENCH], ref))
        if elsewhere:
            told.append(notes.elsewhere(elsewhere, ref, [f"{SERVERS}/", BENCH]))
        now = git.ask(root, "rev-parse", "HEAD").decode().strip()
        facts: dict[str, dict[str, Any]] = {
            BASE: {"asked": ref, "revision": revision},
            HEAD: {"asked": "the working tree", "revision": now, "changes": changes, "elsewhere": elsewhere},
        }
        yield Forms(forms.strategies, facts, forms.absent, told)


@contextmanager
def twice(config: Config, wanted: str, root: Path) -> Iterator[Forms]:
    """The strategies of the working tree as base and as head: what is found between them is noise."""
    with TemporaryDirectory(prefix="bench-") as folder:
        base, head = Path(folder, BASE), Path(folder, HEAD)
        _copy(root, base)
        _copy(root, head)
        forms = _forms(config, wanted, strategies_of(base / BENCH), base, head, "the working tree", root)
        facts = {name: {"asked": "the working tree"} for name in (BASE, HEAD)}
        yield Forms(forms.strategies, facts, forms.absent, forms.notes)


def _forms(
    config: Config, wanted: str, before: dict[str, Strategy], base: Path, head: Path, ref: str, root: Path
) -> Forms:
    """Base and head of each strategy that both have; what head has lost is absent, what is new is said."""
    both = {name: strategy for name, strategy in before.items() if name not in config.strategies} | config.strategies
    strategies: dict[str, Strategy] = {}
    absent, new = {}, []
    for name in select(config.model_copy(update={"strategies": both}), wanted):
        if name in config.strategies:
            attached.refuse(config, {name: config.strategies[name]}, "a gate or --against")
        if name in config.strategies and config.origin(f"strategies.{name}") != root / BENCH:
            raise ConfigError(
                f"{config.origin(f'strategies.{name}')}: strategies.{name}: is no part of a revision of this "
                "repository; leave it out, or compare it in variants"
            )
        if name not in before:
            new.append(name)
            continue
        older, newer = before[name], config.strategies.get(name, before[name])
        fixed = older.fixed | newer.fixed  # what one of them can't follow is compared at neither
        for form in (
            older.model_copy(update={"variant": BASE, "cwd": base, "fixed": fixed, "family": newer.family}),
            newer.model_copy(update={"variant": HEAD, "cwd": head, "fixed": fixed}),
        ):
            strategies[form.label] = form
        if name not in config.strategies:
            absent[f"{name}@{HEAD}"] = f"it is no longer in {BENCH}"
    if not strategies:
        raise ConfigError(f"--against {ref}: has no strategy {', '.join(new)}, so there is nothing to compare with")
    return Forms(strategies, {}, absent, [notes.not_in_base(new, ref)] if new else [])


def _resolved(ref: str, root: Path) -> str:
    """The commit that a revision names."""
    try:
        return (
            git.ask(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").decode().strip()
        )
    except subprocess.CalledProcessError:
        pass
    except FileNotFoundError:
        raise ConfigError(f"--against {ref}: git is not installed; install it") from None
    try:
        is_shallow = git.ask(root, "rev-parse", "--is-shallow-repository").strip() == b"true"
    except subprocess.CalledProcessError:
        raise ConfigError(f"--against {ref}: {root} is no git repository; clone it with git") from None
    if is_shallow:
        raise ConfigError(
            f"--against {ref}: not in this shallow clone; fetch it with `git fetch --unshallow`, or `fetch-depth: 0` "
            "of actions/checkout"
        )
    raise ConfigError(f"--against {ref}: no such revision; `git log --oneline` and `git branch --all` list them")


def _extract(revision: str, ref: str, root: Path, folder: Path) -> None:
    try:
        archive = git.ask(root, "archive", "--format=tar", revision, "--", SERVERS, BENCH)
    except subprocess.CalledProcessError:
        raise ConfigError(f"--against {ref}: has no {SERVERS}/ and {BENCH}; name a later revision") from None
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        # From 3.11.4 on; an archive that git makes of our own repository is trusted without it too.
        files.extraction_filter = getattr(tarfile, "data_filter", None)
        files.extractall(folder)


def _copy(root: Path, folder: Path) -> None:
    """What the working tree holds: tracked or new, not what git ignores; all of it where there is no git."""
    listed = [root / BENCH, *(root / SERVERS).rglob("*")]
    try:
        names = git.paths(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", SERVERS, BENCH)
        listed = [root / name for name in names]
    except (subprocess.CalledProcessError, FileNotFoundError):
        pass
    for path in listed:
        if path.is_file() and "__pycache__" not in path.parts:
            target = folder / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)


def _elsewhere(revision: str, root: Path) -> list[str]:
    """What differs outside of what is compared: files at the top, and folders."""
    aside = [f":(exclude){SERVERS}", f":(exclude){BENCH}"]
    names = git.paths(root, "diff", "--name-only", "--no-renames", "--relative", "-z", revision, "--", ".", *aside)
    names += git.paths(root, "ls-files", "-z", "--others", "--exclude-standard", "--", ".", *aside)
    return sorted({git.shown(top + slash) for top, slash, _ in (name.partition("/") for name in names)})
