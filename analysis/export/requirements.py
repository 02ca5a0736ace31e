"""What came of a run's limits as JUnit XML: a test case for each limit and cell."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

from analysis.export.junit import printable, written
from analysis.judging.requirements import Kept

NAME = "requirements.junit.xml"


def render(found: Sequence[Kept]) -> str:
    """A failure for a limit that isn't kept, an error for one that can't be decided: neither lets a build pass."""
    suite = Element("testsuite", name="requirements")
    for one in found:
        case = SubElement(suite, "testcase", classname=printable(one.point),
                          name=printable(f"{one.strategy}: {one.requirement.text}"))  # fmt: skip
        if one.holds:
            SubElement(case, "system-out").text = printable(one.said)
        elif one.is_decided:
            SubElement(case, "failure", type="limit", message=printable(one.said))
        else:
            SubElement(case, "error", type="undecided", message=printable(one.said))
    return written(suite)
