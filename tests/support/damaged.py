"""Results folders with one fault each, and what is said of it."""

import json
from pathlib import Path

from tests.support.made_up import folder_of, window

HISTOGRAM = window("epoll", latencies=[1e6])["latency_hdr"]
DAMAGED: dict[str, tuple[str, dict[str, object]]] = {  # what is said: the file, and what stands in it instead
    "run.json: no 'strategies'": ("run.json", {"strategies": None}),
    "run.json: no 'window.p99_multiple'": ("run.json", {"window": {}}),
    "run.json: no 'axes.*.usual'": ("run.json", {"axes": [{"name": "clients"}]}),
    "run.json: strategies is 7, not an object or a list": ("run.json", {"strategies": 7}),
    "run.json: strategies holds 'serve', not an object": ("run.json", {"strategies": {"epoll": "serve"}}),
    "run.json: strategies.*.place is 'first', not a whole number": (
        "run.json", {"strategies": {"epoll": {"place": "first"}}}
    ),
    "windows.jsonl:2: requests is 'many', not a whole number": ("windows.jsonl", {"requests": "many"}),
    "windows.jsonl:2: requests is null, not a whole number": ("windows.jsonl", {"requests": None}),
    "windows.jsonl:2: block is True, not a whole number": ("windows.jsonl", {"block": True}),
    "windows.jsonl:2: clients is '10', not a whole number": ("windows.jsonl", {"clients": "10"}),
    "windows.jsonl:2: errors is ['reset'], not an object": ("windows.jsonl", {"errors": ["reset"]}),
    "windows.jsonl:2: latency_hdr is 3, not a text": ("windows.jsonl", {"latency_hdr": 3}),
    "windows.jsonl:2: latency_hdr can't be decoded": ("windows.jsonl", {"latency_hdr": HISTOGRAM[:-9]}),
    "windows.jsonl:2: connect_hdr can't be decoded": ("windows.jsonl", {"connect_hdr": "A" * 40}),
}  # fmt: skip


def damaged(folder: Path, says: str) -> Path:
    """A folder of two windows with one of these faults."""
    file, instead = DAMAGED[says]
    made = folder_of(folder, [window("epoll"), window("epoll", block=1)])
    *before, last = (made / file).read_text().splitlines() if file == "windows.jsonl" else [(made / file).read_text()]
    lines = [*before, json.dumps(json.loads(last) | instead)]
    (made / file).write_text("".join(f"{line}\n" for line in lines))
    return made
