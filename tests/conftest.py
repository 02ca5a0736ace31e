"""Golden texts: what people read is kept under tests/golden, and compared as it is."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="write the golden texts anew instead of comparing")


def words_of(text: str) -> list[str]:
    return text.replace("'", "").split()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """golden(name, text): the text is that of tests/golden/NAME, word by word.

    How argparse breaks lines and quotes choices differs from one Python to the next.
    """

    def is_golden(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{name} is new: make golden writes it"
        before = path.read_text(encoding="utf-8")
        assert words_of(text) == words_of(before), "another text than before; if it is meant, make golden"

    return is_golden
