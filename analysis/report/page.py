"""report.html: put together from the parts, with a policy that lets nothing run but its own two scripts.

All that comes from the results folder is text: jinja2 escapes it in HTML, and what the scripts read is packed. A
browser that keeps the policy runs no other script and asks no network for anything.
"""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis import hosts
from analysis.judging.crossovers import by_group, passings
from analysis.judging.requirements import judged
from analysis.judging.standing import moved, ranks_in_words
from analysis.records import writing
from analysis.records.machine import machine
from analysis.records.reading import Results
from analysis.report import (
    at_rate,
    balance,
    cards,
    company,
    findings,
    glossary,
    method,
    probes,
    repeat,
    soak,
    specs,
    spectra,
    sweeps,
    table,
    vega,
)
from analysis.report.entries import Entry, entries
from analysis.report.ratios import Ratios
from analysis.report.words import HOW_TO_READ, QUOTIENTS
from analysis.uncollected import uncollected

if TYPE_CHECKING:
    from analysis.gate.result import Gate
    from analysis.report.claims import Trial

HERE = Path(__file__).resolve().parent
NAME = "report.html"
MOST_BYTES = 3 << 20  # of a page that can be sent
PICTURES, PICTURES_BYTES = 12, 1_000_000  # of a page without scripts; the table has the rest
PICTURES_PLACE = "<!-- pictures -->"  # no text of a results folder can say so, as all are escaped
TEXT_BYTES = 3000  # of a picture's description, amply
# control characters, and those that order letters from right to left whatever they are
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def write(results: Results, cells: pd.DataFrame, gate: "Gate | None" = None, folder: Path | None = None) -> Path:
    """Write report.html into the results folder, or into another, whole or not at all. OSError."""
    return writing.write((folder or results.folder) / NAME, render(results, cells, gate))


@uncollected()
def render(results: Results, cells: pd.DataFrame, gate: "Gate | None" = None) -> str:
    """The page of a run, whose cells these are; of two variants of it, the page of what changed."""
    everyone = entries(results.run, cells)
    ratios = Ratios(results, everyone)
    swept = list(sweeps.sweeps(results, cells, everyone, ratios))
    tails = list(spectra.spectra(results, cells))
    end = max((share for one in tails for line in one.lines for share, _ in line.points), default=100.0)
    rows = table.rows(results, cells, everyone, ratios)
    grouped, choices = _families(everyone), table.choices(cells)
    told: dict[str, Any] = {
        "entries": [entry.name for entry in everyone],
        "chapter": [entry.name for entry in everyone if entry.is_chapter],
        "reference": everyone[ratios.reference].name if everyone else "",
        "usual": [entry.name for entry in everyone if entry.is_chosen],
        "families": {name: [entry.name for entry in members] for name, members in grouped},
        "axes": [choice.name for choice in choices],
        "ratios": ratios.as_json(),
        "sweeps": [{"id": sweep.id, "name": sweep.name, "charts": [_told(chart) for chart in sweep.charts]}
                   for sweep in swept],
        "spectrum": spectra.spec([], everyone, end),
        "spectra": [{"id": one.id, "name": one.name, "description": one.description, "lines": [line._asdict()
                    for line in one.lines]} for one in tails],
    }  # fmt: skip
    first = spectra.typical(tails, results, cells)
    told["at"] = first.id if first else ""
    own = "".join((HERE / name).read_text(encoding="utf-8") for name in ("writing.js", "page.js"))
    scripts = [vega.script(), own] if rows else []
    styles = _variables(everyone) + (HERE / "page.css").read_text(encoding="utf-8")
    html = _template("page.html").render(
        title=str(results.run["run_id"]),
        **_compared(gate),
        started=results.run.get("started_at"),
        outcome=results.run.get("outcome"),
        policy=_policy(scripts, styles),
        styles=Markup(styles),
        scripts=[Markup(script) for script in scripts],
        data=Markup(_embedded(told)),
        entries=everyone,
        findings=findings.of_change(results, cells) if gate else findings.findings(results, cells, everyone, ratios),
        families=grouped if any(not entry.is_chosen for entry in everyone) else [],
        choices=choices,
        sweeps=swept,
        points=[sweep for sweep in swept if not sweep.is_along],
        spectra=tails,
        **_beside_the_figures(results, cells, everyone, gate),
        pictures=Markup(PICTURES_PLACE),
        how_to_read=HOW_TO_READ,
        quotients=QUOTIENTS if len(everyone) > 1 else "",
        columns=table.columns(rows),
        rows=rows,
        cards=cards.cards(results, cells, everyone),
        reference=told["reference"],
        **_measured(results, cells),
    )
    room = MOST_BYTES - len(html.encode())
    along = [sweep for sweep in swept if sweep.is_along]
    stills = _pictures(along, [first] if first else [], end, everyone, room) if swept else []
    return str(html).replace(PICTURES_PLACE, _template("pictures.html").render(pictures=stills), 1)


def _beside_the_figures(
    results: Results, cells: pd.DataFrame, everyone: Sequence[Entry], gate: "Gate | None"
) -> dict[str, Any]:
    """The sections that some runs have; of a comparison of two variants none."""
    return {
        "trial": None if gate else _trial(results, cells),
        "probes": probes.told(results),
        "required": judged(results, cells),
        "soak": soak.told(results),
        "at_rate": None if gate else at_rate.told(results, cells),
        "passed": [] if gate else list(by_group(passings(results, cells))),
        "shares": [] if gate else list(balance.tables(results, cells, everyone)),
        "how_to_share": balance.HOW_TO_READ,
        "beside": [] if gate else list(company.tables(results, cells, everyone)),
        "how_to_compare": company.HOW_TO_READ,
    }


def _trial(results: Results, cells: pd.DataFrame) -> "Trial | None":
    """That of the run's claims, if it has any: few have, and what it takes to tell them is loaded for them alone."""
    if not results.run.get("claims"):
        return None
    from analysis.report import claims

    return claims.trial(results, cells)


def _measured(results: Results, cells: pd.DataFrame) -> dict[str, Any]:
    """What the page says of how it was measured."""
    return {
        "brief": method.brief(results, cells),
        "together": method.together(cells),
        "rules": list(method.rules()),
        "limits": method.limits(results),
        "words": glossary.table(glossary.WORDS),
        "doubts": method.doubts(results, cells),
        "has_sources": bool(results.run.get("sources")),
        "machine": machine(results.run),
        "moved": moved(cells) if len(cells) else "",
        "ranks": ranks_in_words(cells),
        "notes": [*results.warnings, *results.notes, *hosts.notes(results)],
        "command": repeat.command(results.run),
        "repeated": list(repeat.said(results)),
        "facts": list(method.facts(results, cells)),
    }


def _compared(gate: "Gate | None") -> dict[str, Any]:
    """What it says of two variants, if it does."""
    if not gate:
        return {"gate": None, "compared": "", "aside": [], "changes": []}
    from analysis.gate import words
    from analysis.report import changes

    aside = [(what, f"{cell.strategy}, {words.point(cell, gate)}", why) for what, cell, why in gate.aside]
    return {"gate": gate, "compared": words.compared(gate), "aside": aside, "changes": list(changes.changes(gate))}


def _told(chart: sweeps.Chart) -> dict[str, Any]:
    figure = chart.figure
    return {"column": figure.column, "title": figure.title, "description": chart.description, "spec": chart.spec,
            "hint": figure.hint, "notes": chart.notes}  # fmt: skip


def _families(everyone: Sequence[Entry]) -> list[tuple[str, list[Entry]]]:
    """Everyone by family, in the order of the first of each."""
    found: dict[str, list[Entry]] = {}
    for entry in everyone:
        found.setdefault(entry.family or "other", []).append(entry)
    return list(found.items())


def _pictures(
    swept: Sequence[sweeps.Sweep],
    tails: Sequence[spectra.Spectrum],
    end: float,
    everyone: Sequence[Entry],
    room: int,
) -> list[dict[str, str]]:
    """The charts as they are at first, for a browser without scripts, as far as there is room for their bytes."""
    room = min(room, PICTURES_BYTES)
    charts = [(f"{chart.figure.title}, {sweep.name}", chart) for sweep in swept for chart in sweep.charts]
    found = [(title, chart.description, chart.spec) for title, chart in charts]
    found = found[:PICTURES]
    for one in tails:
        found.append((f"Latency spectrum, {one.name}", one.description, spectra.spec(one.rows(), everyone, end)))
    pictures: list[dict[str, str]] = []
    for title, description, spec in found:
        if room < TEXT_BYTES:
            break  # before it is drawn, as each takes a fifth of a second
        source = vega.picture(specs.in_colours(spec, everyone))
        room -= len(source) + TEXT_BYTES
        if room < 0:
            break  # the next would hardly be smaller
        pictures.append({"title": title, "description": description, "source": source})
    return pictures


def _variables(everyone: Sequence[Entry]) -> str:
    """The colours of strategies on light paper and on dark."""
    light = "".join(f"--s{entry.number}:{entry.light};" for entry in everyone)
    dark = "".join(f"--s{entry.number}:{entry.dark};" for entry in everyone)
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}\n"


def _policy(scripts: Sequence[str], styles: str) -> str:
    """The Content-Security-Policy: these scripts, this style sheet, pictures in the page, and nothing else."""
    allowed = " ".join(map(_hash, scripts)) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(styles)}; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _embedded(value: Any) -> str:
    """JSON for the page's script, compressed, as much of it is alike; its letters are none that HTML knows."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    packed = gzip.compress(UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text).encode(), mtime=0)
    return base64.b64encode(packed).decode()


def _plain(value: Any) -> Any:
    """A text without what turns the text around it, or can't be seen."""
    return UNSEEN.sub("\N{REPLACEMENT CHARACTER}", value) if type(value) is str else value


@cache
def _template(name: str) -> Any:
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined,
                              finalize=_plain, trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    return environment.get_template(name)
