"""The gate's result as JUnit XML, which CI systems read: a test case for each figure that decides.

The shape is the one that Jenkins' xUnit plugin publishes as junit-10.xsd.
"""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from analysis.gate import words
from analysis.gate.decision import Outcome
from analysis.gate.result import Gate


def render(gate: Gate) -> str:
    """A suite of one case per figure; a failure for a regression or a lost cell, skipped for what decides nothing."""
    suite = Element("testsuite", name="performance gate")
    properties = SubElement(suite, "properties")
    for name, text in (("compared", words.compared(gate)), ("verdict", gate.verdict)):
        SubElement(properties, "property", name=name, value=printable(text))
    for row in gate.rows:
        if not row.metric.decides:
            continue
        case = SubElement(suite, "testcase", classname=printable(words.point(row.cell, gate)),
                          name=printable(f"{row.cell.strategy}: {row.metric.name}"))  # fmt: skip
        said = f"{words.change(row)}, p {words.p_value(row)}; {words.detectable(row)} would have been shown"
        if row.outcome == Outcome.REGRESSION:
            SubElement(case, "failure", type="regression", message=printable(said))
        elif row.doubt or row.outcome == Outcome.UNDECIDED:
            SubElement(case, "skipped", message=printable(row.doubt or f"undecided: {said}"))
        else:
            SubElement(case, "system-out").text = printable(said)
    for cell, why in gate.failures.items():
        case = SubElement(
            suite, "testcase", classname=printable(words.point(cell, gate)), name=printable(cell.strategy)
        )
        SubElement(case, "failure", type="lost", message=printable(why))
    for cell, why in {**gate.broken, **gate.absent, **gate.gone, **gate.hidden}.items():
        case = SubElement(
            suite, "testcase", classname=printable(words.point(cell, gate)), name=printable(cell.strategy)
        )
        SubElement(case, "skipped", message=printable(why))
    for name in gate.left_out:
        case = SubElement(suite, "testcase", classname="gate", name=printable(name))
        SubElement(case, "skipped", message="not measured, as the budget has no time for it")
    if gate.invalid:
        case = SubElement(suite, "testcase", classname="gate", name="measurement")
        SubElement(case, "error", type="invalid", message=printable(gate.invalid))
    return written(suite)


def written(suite: Element) -> str:
    """A whole file of one suite, which is told how many cases it has, and of what kind."""
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f".//{tag}"))))
    root = Element("testsuites", name=suite.get("name", ""))
    for name in ("tests", "failures", "errors"):
        root.set(name, suite.get(name, "0"))
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def printable(text: str) -> str:
    """XML has no way to write most control characters, halves of a pair, or what is no character."""
    return re.sub("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
