"""What a kept trial found: the three most surprising verdicts, in the README (`python -m docs.kept_trial [RESULTS]`).

With a results folder its verdicts become docs/trial.json first. Surprising is what refutes a claim, the further beyond
its threshold the more; then what holds by the most.
"""

import json
import sys
from math import log
from pathlib import Path
from typing import Any

from analysis.claims import words
from analysis.claims.decision import Ruling
from analysis.claims.verdicts import Verdict, verdicts
from analysis.judging.cells import tabulate
from analysis.records.reading import Results, ResultsError, read
from analysis.splice import spliced

HERE = Path(__file__).resolve().parent
README, KEPT = HERE.parent / "README.md", HERE / "trial.json"
BEGIN = "<!-- made by `python -m docs.kept_trial` from docs/trial.json -->\n"
MOST = 3
BEYOND_ANY = 5.0  # how far a count lies beyond a threshold of zero, on the log scale


def told(results: Results) -> dict[str, Any]:
    """The verdicts of a run as docs/trial.json has them."""
    machine = results.run["machine"]
    found = verdicts(results, tabulate(results))
    return {
        "run_id": results.run["run_id"],
        "cpu": machine["cpu"],
        "cores": machine["cores"],
        "blocks": int(results.windows["block"].nunique()),
        "claims": [_told(one, results) for one in found],
    }


def _told(one: Verdict, results: Results) -> dict[str, Any]:
    rule = one.deciding
    return {
        "name": one.name,
        "text": one.claim["text"],
        "outcome": one.outcome.value,
        "verdict": words.verdict(one),
        "evidence": words.evidence(rule, results.usual) if rule else "",
        "beyond": round(_beyond(one), 3),
    }


def _beyond(one: Verdict) -> float:
    """How far the deciding figure lies from its threshold, on the log scale."""
    rule = one.deciding
    if rule is None or rule.found.value != rule.found.value:
        return 0.0
    if not rule.threshold or rule.found.value <= 0:
        return BEYOND_ANY if one.outcome is Ruling.REFUTED else 0.0
    return abs(log(rule.found.value / rule.threshold))


def surprising(trial: dict[str, Any]) -> list[dict[str, Any]]:
    """The most surprising first."""
    shown = [claim for claim in trial["claims"] if claim["outcome"] in (Ruling.REFUTED, Ruling.HOLDS)]
    return sorted(shown, key=lambda claim: (claim["outcome"] != Ruling.REFUTED, -claim["beyond"]))[:MOST]


def documented(text: str, trial: dict[str, Any] | None) -> str:
    """The README with these verdicts between its marks; without a kept trial there is nothing."""
    if trial is None:
        return spliced(text, BEGIN, "")
    where = f"on one {trial['cpu']} with {trial['cores']} cores"
    lines = [
        f"{_counted(trial)} {where} ([how](docs/claims.md)). Three of them:",
        *(f"- *{claim['text']}* **{_verdict(claim)}** ({claim['evidence']})." for claim in surprising(trial)),
    ]
    return spliced(text, BEGIN, "\n".join(lines))


def _verdict(claim: dict[str, Any]) -> str:
    verdict = str(claim["verdict"])
    return verdict[0] + verdict[1:].replace(claim["outcome"].upper()[1:], claim["outcome"][1:])


def _counted(trial: dict[str, Any]) -> str:
    found = [claim["outcome"] for claim in trial["claims"]]
    hold, refuted = found.count(Ruling.HOLDS), found.count(Ruling.REFUTED)
    held, were = "holds" if hold == 1 else "hold", "is" if refuted == 1 else "are"
    return f"Of {len(found)} claims {hold} {held} and {refuted} {were} refuted"


def kept() -> dict[str, Any] | None:
    """The kept trial; None where none is kept yet."""
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else None


def fresh() -> str:
    """The README as it must be."""
    return documented(README.read_text(encoding="utf-8"), kept())


def main(arguments: list[str]) -> int:
    if arguments:
        try:
            trial = told(read(Path(arguments[0])))
        except ResultsError as error:
            print(error, file=sys.stderr)
            return 2
        if not trial["claims"]:
            print(f"{arguments[0]}: tried no claim; name a run of run_bench.py trial", file=sys.stderr)
            return 2
        KEPT.write_text(json.dumps(trial, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    README.write_text(fresh(), encoding="utf-8")
    print(README.name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
