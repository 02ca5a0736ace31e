"""`python -m loadgen.company`: one JSON command a line on stdin, one JSON answer a line on stdout.

{"do": "come", "target": "epoll", "url": "tcp://127.0.0.1:4001", "kind": "idle", "size": 1000, "queue": 128}: the answer
 says how many of those who stay are open, were refused and were closed by the server, and whether it still answers
{"do": "begin", "target": "epoll", "head_s": 0.02}: the server has a window; they act until it ends
{"do": "end"}: what became of them meanwhile
{"do": "leave"}: all connections are closed
{"do": "quit"}

An answer with the key "error" says why the command wasn't done. The end of stdin is a quit.
"""

import gc
import json
import os
import resource
import select
import sys
import time
from typing import Any

from loadgen.company.members import Members
from loadgen.company.passing import Burst, Churn
from loadgen.company.staying import AT_ONCE, Chat, Dribble, Idle, Slow
from loadgen.source import Source, SourceAddresses, raise_unless_permitted
from loadgen.target import Target

KINDS: dict[str, type[Members]] = {
    "idle": Idle, "slow": Slow, "dribble": Dribble, "churn": Churn, "burst": Burst, "chat": Chat,
}  # fmt: skip
EVENTS = 4096  # at a time
LONGEST_S = 0.5  # between two looks at the clock


class Company:
    """Of some servers, of which one at a time has a window."""

    def __init__(self, commands: int) -> None:
        self._commands = commands  # the descriptor that they come from
        self._addresses = SourceAddresses()
        self._at: dict[str, Members] = {}
        self._acting: Members | None = None
        self._acted_s: dict[str, float] = {}
        self._target, self._began_s, self._cpu_s = "", 0.0, 0.0

    def do(self, command: dict[str, Any]) -> dict[str, Any] | None:
        """The answer; None for a quit."""
        match command["do"]:
            case "come":
                return self._come(command)
            case "begin":
                return self._begin(command["target"], command["head_s"])
            case "end":
                return self._end()
            case "leave":
                return self._leave(AT_ONCE)
            case "quit":
                self._leave(0)
                return None
            case unknown:
                return {"error": f"no such command: {unknown}"}

    def wait(self) -> None:
        """Act until there is a command."""
        if not self._acting:
            select.select([self._commands], [], [])
            return
        self._acting.epoll.register(self._commands, select.EPOLLIN)
        while not self._act(self._acting):
            continue
        self._acting.epoll.unregister(self._commands)

    def _act(self, members: Members) -> bool:
        """Once; whether there is a command."""
        now_s = self._now_s
        due_s = members.act(now_s)
        events = members.epoll.poll(max(0.0, min(due_s - now_s, LONGEST_S)), EVENTS)
        for descriptor, seen in events:
            if descriptor != self._commands:
                members.ready(descriptor, seen, self._now_s)
        return any(descriptor == self._commands for descriptor, _ in events)

    @property
    def _now_s(self) -> float:
        """On the clock of the server that has a window."""
        return self._acted_s[self._target] + time.perf_counter() - self._began_s

    def _come(self, command: dict[str, Any]) -> dict[str, Any]:
        target = Target.of(command["url"])
        raise_unless_permitted(target, False)
        members = KINDS[command["kind"]](target, Source(self._addresses, target), command["size"])
        self._at[command["target"]] = members
        self._acted_s[command["target"]] = 0.0
        return members.come(command["queue"])._asdict()

    def _begin(self, target: str, head_s: float) -> dict[str, Any]:
        self._target, self._acting = target, self._at[target]
        self._began_s, self._cpu_s = time.perf_counter(), time.process_time()
        self._acting.begin(self._now_s, head_s)
        return {"begun": True}

    def _end(self) -> dict[str, Any]:
        members, self._acting = self._acting, None
        if members is None:
            raise ValueError("no window has begun")
        acted_s = time.perf_counter() - self._began_s
        deadline = time.perf_counter() + members.patience_s
        while not members.is_done and time.perf_counter() < deadline:
            for descriptor, seen in members.epoll.poll(0.005, EVENTS):
                members.ready(descriptor, seen, self._now_s)
        members.end()
        self._acted_s[self._target] = self._now_s
        return members.did.record(members.open, acted_s, time.process_time() - self._cpu_s)

    def _leave(self, few: int) -> dict[str, Any]:
        self._acting = None
        for members in self._at.values():
            members.leave(few)
        self._at.clear()
        return {}


def main() -> None:
    # Answers have the pipe to themselves: whatever else prints, prints to stderr.
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    gc.disable()  # nothing here is a cycle, and ten thousand connections are looked at for a while
    company = Company(sys.stdin.fileno())
    print(json.dumps({"ready": True}), file=answers, flush=True)
    heard = b""
    while True:
        company.wait()
        part = os.read(sys.stdin.fileno(), 1 << 16)
        if not part:
            return
        heard += part
        while b"\n" in heard:
            line, _, heard = heard.partition(b"\n")
            answer = _carried_out(company, line)
            if answer is None:
                return
            print(json.dumps(answer), file=answers, flush=True)


def _carried_out(company: Company, line: bytes) -> dict[str, Any] | None:
    try:
        return company.do(json.loads(line))
    except (KeyError, TypeError, ValueError, PermissionError) as error:
        return {"error": f"not a command: {error!r}"}


if __name__ == "__main__":
    main()
