"""A run's folder: its name is its own, and what is in the way of it is said."""

import errno
import os
from pathlib import Path

import pytest

from harness import folders
from harness.accounts.footprint import switches
from harness.config import ConfigError


def test_runs_of_one_second_have_names_of_their_own_wherever_they_are(tmp_path: Path) -> None:
    """Else `compare` would take them for variants of one run."""
    names = {folders.new(tmp_path / place, "20261127-120000-gate").name for place in "aabb"}
    assert len(names) == 4
    assert all(name.startswith("20261127-120000-gate-") for name in names)


def test_latest_is_the_newest_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / f".latest-{os.getpid()}").symlink_to("of an older run, which was killed")
    made = [folders.new(tmp_path, "now") for _ in range(3)]
    assert not (tmp_path / "latest").exists()  # nothing is to be seen yet
    for folder in made[:2]:
        folders.link(folder)
    assert (tmp_path / "latest").resolve() == made[1]
    assert len(list(tmp_path.iterdir())) == 5


def test_a_folder_that_cannot_hold_links_is_refused_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))  # as vfat does

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(ConfigError, match=r"--results .*: can't hold links: .*; name a folder of another file system"):
        folders.new(tmp_path, "now")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("status", "told"), [
    ([b"voluntary_ctxt_switches:\t12", b"nonvoluntary_ctxt_switches:\t3"], (12, 3)),
    ([b"Name:\tit", b"Threads:\t1"], (None, None)), ([b"voluntary_ctxt_switches:\t12"], (12, None)),
])  # fmt: skip
def test_a_kernel_that_tells_no_switches_has_none(status: list[bytes], told: tuple[int | None, int | None]) -> None:
    assert switches(status) == told
