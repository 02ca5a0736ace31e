"""Golden texts: what people read is under tests/golden, and compared as it is. Who comes first; what is no garbage."""

import difflib
import gc
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
# A minute and more.
LONGEST = ("test_every_strategy.py", "test_contract.py", "test_taken_up.py", "test_handling.py", "test_gate_run.py",
           "test_loads.py", "test_bad_servers.py", "test_along.py", "test_output.py",
           "test_forgotten_clients.py", "test_replies_of_others.py", "test_price_that_moves.py",
           "test_one_port_for_two.py", "test_queues.py", "test_queues_in_the_check.py")  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="write the golden texts anew instead of comparing")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: one that is begun last would be waited for alone."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_collection_finish() -> None:
    """What was imported and collected is never garbage: a tenth of the time would go into looking at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """golden(name, text): the text is that of tests/golden/NAME, to the last space."""

    def is_golden(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{name} is new: make golden writes it"
        before = path.read_text(encoding="utf-8")
        if text != before:
            lines = difflib.unified_diff(before.splitlines(), text.splitlines(), "kept", "now", lineterm="")
            pytest.fail(f"tests/golden/{name} differs; if it is meant, make golden\n" + "\n".join(lines), pytrace=False)

    return is_golden
