"""The page on paper, printed by a browser: what is on several sheets can be read on each."""

import base64
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.browser import MISSING, Browser
from tests.support.made_up import MadeUp
from tests.support.pages import rendered

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
COLUMNS = ("strategy", "clients", "requests/s", "ratio", "p99", "limited by")


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="no pdftotext here (Debian: poppler-utils)")
def test_each_sheet_of_the_table_has_its_heading(tmp_path: Path) -> None:
    """A browser that repeats a heading leaves its buttons out, and with them what they say."""
    capacity = {f"strategy-{number}": 1e4 + number for number in range(20)}
    run = MadeUp(capacity=capacity, groups=[(clients, 64) for clients in (1, 3, 10, 30)], blocks=2, rounds=1)
    page = tmp_path / "page.html"
    page.write_text(rendered(run.write(tmp_path / "run")))
    browser = Browser()
    try:
        browser.open(page)
        printed = base64.b64decode(browser.command("Page.printToPDF", preferCSSPageSize=True)["data"])
    finally:
        browser.quit()
    (tmp_path / "page.pdf").write_bytes(printed)
    read = subprocess.run(["pdftotext", "-layout", "page.pdf", "-"], cwd=tmp_path, capture_output=True, check=True)
    sheets = read.stdout.decode().split("\f")
    begun, ended = (next(place for place, sheet in enumerate(sheets) if words in sheet)
                    for words in ("One row for each strategy", "Strategies and their code"))  # fmt: skip
    of_table = sheets[begun:ended]
    assert len(of_table) > 2
    for sheet in of_table:
        heading = next(line for line in sheet.splitlines() if "requests/s" in line)
        assert [name for name in COLUMNS if name in heading] == list(COLUMNS)
