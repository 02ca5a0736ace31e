"""What `--help` says, of run_bench.py and of each command: options, commands, examples."""

from collections.abc import Callable

import pytest

from commands import VERBS
from commands.parser import parsed


@pytest.mark.parametrize("command", VERBS)
def test_help_is_what_it_was(
    command: str,
    golden: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as ended:
        parsed(command, ["--help"])
    assert ended.value.code == 0
    golden(f"help/{command}.txt", capsys.readouterr().out)
