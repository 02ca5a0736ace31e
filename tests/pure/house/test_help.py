"""What `--help` says, of run_bench.py and of each command."""

from collections.abc import Callable

import pytest

from commands import VERBS
from commands.parser import parser


@pytest.mark.parametrize("command", VERBS)
def test_help_is_what_it_was(command: str, golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    golden(f"help/{command}.txt", parser(command).format_help())
