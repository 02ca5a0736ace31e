"""The gate's result as Markdown, for a step summary and a pull-request comment: narrow enough for a phone.

GitHub takes 1 MiB of a step summary and 65,536 characters of a comment; the smaller of both holds here.
"""

from analysis.gate import words
from analysis.gate.decision import Outcome
from analysis.gate.result import UNSHOWN, Gate, Row

LIMIT = 60_000  # characters, with room for what a workflow puts around it
SIGNS = {0: "✅", 1: "❌", 3: "❔", 4: "⚠️"}
HEAD = ["| | change | |", "|:--|--:|:--|"]


def render(gate: Gate) -> str:
    """What was found first; the rest folded away; cut short where GitHub would refuse it."""
    news = [row for row in gate.rows if row.outcome in words.SHOWN]
    undecided = gate.having(Outcome.UNDECIDED)
    fine = gate.having(Outcome.NO_REGRESSION)
    doubtful = [row for row in gate.rows if row.doubt and row.metric.decides]
    reported = [row for row in gate.rows if not row.metric.decides]
    lines = [f"### {SIGNS[gate.exit_code]} {_escaped(gate.verdict[0].upper() + gate.verdict[1:])}", ""]
    lines += [_escaped(words.compared(gate)), ""]
    if news:
        lines += [*HEAD, *(_line(row, gate) for row in news), ""]
    lines += [f"- {_escaped(cell.strategy)}: {what}: {_escaped(why)}" for what, cell, why in gate.aside]
    lines += [f"- {_escaped(note)}" for note in gate.results.notes]
    lines.append("")
    folded = {"undecided": undecided, "no regression beyond the margin": fine, "doubtful, so they decide nothing":
              doubtful, "reported only": reported}  # fmt: skip
    for title, rows in folded.items():
        if rows:
            lines += [f"<details><summary>{len(rows)} {title}</summary>", "", *HEAD,
                      *(_line(row, gate) for row in rows), "", "</details>", ""]  # fmt: skip
    lines += [
        f"Change of head by base with its 95 % interval; {UNSHOWN}. In brackets: the loss that would have been shown "
        "in 95 of 100 cases.",
    ]
    return _within_limit(lines)


def _line(row: Row, gate: Gate) -> str:
    if row.doubt:
        said = row.doubt
    elif row.metric.decides:
        said = f"{row.outcome if row.outcome in words.SHOWN else ''} ({words.detectable(row)})".strip()
    else:
        said = ""
    change = words.change(row).replace(" ", "\N{NO-BREAK SPACE}")  # a narrow column breaks it otherwise
    return f"| {_escaped(words.cell(row, gate))}<br>{row.metric.name} | {change} | {_escaped(said)} |"


def _within_limit(lines: list[str]) -> str:
    """All lines, or as many as fit and how many were left out; a table or a fold that is cut is closed."""
    text, used = "\n".join(lines) + "\n", 0
    if len(text) <= LIMIT:
        return text
    kept: list[str] = []
    for line in lines:
        used += len(line) + 1
        if used > LIMIT - 200:
            break
        kept.append(line)
    if sum(line.startswith("<details>") for line in kept) > kept.count("</details>"):
        kept += ["", "</details>"]
    return "\n".join([*kept, "", f"{len(lines) - len(kept)} more lines are left out; the run's artifact has all.\n"])


def _escaped(text: str) -> str:
    """Text from results must not become markup."""
    for sign, entity in {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.items():
        text = text.replace(sign, entity)
    for sign in ("\\", "|", "`", "*", "_", "[", "]"):
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
