"""Who moves: all servers of a block stand still but for the one whose window it is.

So a server's figures don't depend on its neighbours, and whatever it does is in its own account: it is thawed, rests,
is asked, rests again, and is frozen. What it does while nobody asks is told apart.
"""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harness import notes
from harness.accounts import proctree
from harness.plan.plan import LEFT_ALONE_S
from harness.processes import freezing
from harness.processes.freezing import Frozen
from harness.processes.session import processes
from harness.recorder import Recorder
from harness.run.fleet import Fleet

REST_S = 0.001  # its CPU time stands still for so long: then it rests. A window's clock is no finer
RESTING = 0.05  # of a CPU: what "stands still" is
REST_LIMIT_S = 0.05  # one that doesn't rest is asked, or frozen, all the same
SETTLE_LIMIT_S, SETTLE_STEP_S = 5.0, 0.02  # of all together, which may rest in turn
WATCH_LIMIT_S = 2.0  # for work that was put off, where it goes on for longer than servers are left alone
WATCH_STEP_S = 0.1  # in which nothing is done at its end
MOST_THREADS = 2_000  # to stop and wake more takes them longer than a window: they are left to rest


@dataclass
class Turn:
    """One server's time among the others, which stand still; known when it is over."""

    unasked_cpu_s: float = 0.0  # that it used between thaw and head, and between the last answer and the freeze
    neighbours_cpu_s: float = 0.0  # that all others used meanwhile
    still_s: float = 0.0  # spent on thawing, resting and freezing

    @property
    def record(self) -> dict[str, float]:
        """As windows.jsonl has it."""
        return vars(self)


class Standstill:
    """Freezes and thaws the servers of a fleet, and says which can't be frozen."""

    def __init__(self, fleet: Fleet, recorder: Recorder) -> None:
        self._fleet = fleet
        self._recorder = recorder
        self._frozen: dict[int, Frozen] = {}  # by session
        self._restless: set[str] = set()  # those that were waited for in vain, and aren't again: they never rest

    def only(self, keys: Collection[str]) -> None:
        """These move from now on, and all others stand still."""
        with self._spent():
            own = self._fleet.own
            sessions = {server.pid for server in own.values()}
            self._frozen = {session: frozen for session, frozen in self._frozen.items() if session in sessions}
            for key, server in own.items():
                is_frozen = server.pid in self._frozen
                if is_frozen and key in keys:
                    self._thaw(key, server.pid)
                elif not is_frozen and key not in keys:
                    self._freeze(key, server.pid)

    def settle(self) -> None:
        """Wait until the servers rest: what they do of the last group, such as to close connections, is not the next's.

        Those that don't, though they had the time, are restless.
        """
        deadline = time.monotonic() + SETTLE_LIMIT_S
        used_s = self._used_s()
        while True:
            before_s, began = used_s, time.monotonic()
            time.sleep(SETTLE_STEP_S)
            used_s = self._used_s()
            gained_s = {key: used_s[key] - before_s[key] for key in used_s}
            rest = sum(gained_s.values()) < 2 * RESTING * (time.monotonic() - began)
            if rest and not any(proctree.wants_cpu(self._fleet.own[key].pid) for key in gained_s):
                return
            if time.monotonic() > deadline:
                break
        busiest_s = max(gained_s.values())
        self._restless.update(key for key, gain_s in gained_s.items() if gain_s > busiest_s / 2)

    @contextmanager
    def turn(self, key: str) -> Iterator[Turn]:
        """Around the window of a server that stands still, as all others do: it moves, and rests before and after.

        One that isn't ours moves as it likes.
        """
        turn = Turn()
        if key not in self._fleet.own:
            others = self._others()
            before = proctree.clocks(others)
            yield turn
            turn.neighbours_cpu_s = proctree.gained(proctree.clocks(others), before)
            return
        session = self._fleet.own[key].pid
        began = time.monotonic()
        asleep = proctree.clocks(self._frozen[session].processes)
        others = self._others(but=session)
        self._thaw(key, session)
        try:
            ready = self._rest(key, asleep, has_woken=False)
            before = proctree.clocks(others)
            turn.still_s = time.monotonic() - began
            yield turn
            began = time.monotonic()
            answered = proctree.clocks(processes(session))
            rested = self._rest(key, answered)
            turn.neighbours_cpu_s = proctree.gained(proctree.clocks(others), before)
            turn.unasked_cpu_s = proctree.gained(ready, asleep) + proctree.gained(rested, answered)
        finally:
            self._freeze(key, session)
        turn.still_s += time.monotonic() - began

    def watch(self, keys: Collection[str]) -> dict[str, dict[str, float]]:
        """Let these move with nobody to ask them; what each used, and how busy it was at the end, as a record has it.

        So work that was put off until nobody asks is seen. Who is still at it when its time is over goes on alone, as
        it may have had to share a CPU; who doesn't come to an end then is restless, and keeps to itself from then on.
        """
        restless = [key for key in keys if key in self._restless]
        found = self._left_alone([key for key in keys if key not in restless], LEFT_ALONE_S)
        for key, record in found.items():
            if record["restless_share"] > RESTING:
                put_off_s = record["put_off_cpu_s"]
                record |= self._left_alone([key], WATCH_STEP_S, WATCH_LIMIT_S)[key]
                record["put_off_cpu_s"] += put_off_s
                if record["restless_share"] > RESTING:
                    self._restless.add(key)
        for key in restless:
            found |= self._left_alone([key], LEFT_ALONE_S)
        return found

    def _left_alone(self, keys: Collection[str], least_s: float, most_s: float = 0.0) -> dict[str, dict[str, float]]:
        """Let these move for so long, and then for as long as one works, but for `most_s` in all; as `watch` returns.

        Nothing moves where there are none.
        """
        if not keys:
            return {}
        self.only(keys)
        sessions = {key: self._fleet.own[key].pid for key in keys}
        with self._spent():
            began = time.monotonic()
            first = now = {key: proctree.usage(session).cpu_s for key, session in sessions.items()}
            while True:
                before, before_at = now, time.monotonic()
                time.sleep(WATCH_STEP_S)
                now = {key: proctree.usage(session).cpu_s for key, session in sessions.items()}
                at = time.monotonic()
                busy = {key: max(0.0, now[key] - before[key]) / (at - before_at) for key in keys}
                if at - began > (most_s if most_s and max(busy.values()) > RESTING else least_s):
                    break
        return {
            key: {"put_off_cpu_s": max(0.0, now[key] - first[key]), "restless_share": share}
            for key, share in busy.items()
        }

    def _others(self, but: int | None = None) -> list[int]:
        """The processes of all that stand still, one session left out."""
        return [pid for session, frozen in self._frozen.items() if session != but for pid in frozen.processes]

    def _used_s(self) -> dict[str, float]:
        """The CPU seconds of those that are waited for."""
        waited_for = {key: server for key, server in self._fleet.own.items() if key not in self._restless}
        return {key: proctree.usage(server.pid).cpu_s for key, server in waited_for.items()}

    @contextmanager
    def _spent(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._recorder.stood_still(time.monotonic() - began)

    def _thaw(self, key: str, session: int) -> None:
        if freezing.thaw(session, self._frozen.pop(session)):
            self._recorder.note(notes.grew_while_frozen(key))

    def _freeze(self, key: str, session: int) -> None:
        if freezing.threads(session) > MOST_THREADS and key not in self._restless:
            self._frozen[session] = Frozen(frozenset(processes(session)), frozenset())
            self._recorder.note(notes.left_to_rest(key))
            return
        self._frozen[session] = frozen = freezing.freeze(session)
        if frozen.defiant:
            self._recorder.note(notes.not_frozen(key))

    def _rest(self, key: str, begun: dict[int, float], has_woken: bool = True) -> dict[int, float]:
        """Return when the server rests, or is known not to, with the clocks that it was `begun` with as they are then.

        One that hasn't woken yet may not have had a CPU, and has to find out what was due: it must have moved first.
        """
        deadline = time.monotonic() + (REST_S if key in self._restless else REST_LIMIT_S)
        now, at = begun, time.monotonic()
        while at < deadline:
            time.sleep(REST_S)
            before, before_at = now, at
            now, at = proctree.clocks(begun), time.monotonic()
            has_woken = has_woken or now != begun
            if has_woken and proctree.gained(now, before) < RESTING * (at - before_at):
                break
        return now
