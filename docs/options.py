"""The table of all options, from the parsers themselves (`python -m docs.options`): docs/options.md."""

import argparse
from pathlib import Path

from commands import VERBS
from commands.parser import parser

DOCUMENT = Path(__file__).resolve().parent / "options.md"
HEAD = """\
<!-- made by `make docs` from the parsers -->
# Options

`run_bench.py COMMAND --help` says the same for one command, with examples. `bench` is the command where none is named.

| command | what it does |
|---|---|
"""


def document() -> str:
    """The whole of docs/options.md."""
    commands = "".join(f"| `{name}` | {does} |\n" for name, does in VERBS.items())
    return f"{HEAD}{commands}{''.join(_tables())}"


def _tables() -> list[str]:
    """A table for each group of options; one that says something else in another command has a row for each."""
    groups: dict[str, dict[tuple[str, str], list[str]]] = {}
    for command in VERBS:
        for group in parser(command)._action_groups:
            for action in group._group_actions:
                if not isinstance(action, argparse._HelpAction):
                    rows = groups.setdefault(group.title or "", {})
                    rows.setdefault((_name(action), (action.help or "").replace("%%", "%")), []).append(command)
    return [_table(title, rows) for title, rows in groups.items()]


def _table(title: str, rows: dict[tuple[str, str], list[str]]) -> str:
    head = f"\n## {title.capitalize()}\n\n| option | of | meaning |\n|---|---|---|\n"
    lines = [f"| `{name}` | {', '.join(commands)} | {_cell(does)} |\n" for (name, does), commands in rows.items()]
    return head + "".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _name(action: argparse.Action) -> str:
    return " ".join([*action.option_strings, *([str(action.metavar)] if action.metavar else [])])


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    print(DOCUMENT.name)
