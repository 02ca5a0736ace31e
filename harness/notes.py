"""Every kind of note that a run can have: what a reader of its results must know.

A note is a value, as a finding of the doctor's is: run.json keeps its parts, and whoever shows it joins them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from harness.accounts.surroundings import STEAL_SHARE

LEFT_OUT = "left-out"
LOST_WORKERS, LOST_SERVER = LOST = ("lost-workers", "lost-server")  # said the moment that it happens


@dataclass(frozen=True)
class Note:
    """One note. `why` and `remedy` are empty where they are plain, or there is nothing to be done."""

    kind: str
    seen: str
    why: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        """A sentence without its full stop; the analysis writes it alike (analysis/records/reading.py)."""
        return self.seen + f": {self.why}" * bool(self.why) + f"; {self.remedy}" * bool(self.remedy)


# --- of the plan ------------------------------------------------------------------------------------------------


def left_out(names: Collection[str], budget_s: float) -> Note:
    """The budget, in seconds, has no time for all that was asked for."""
    return Note(LEFT_OUT, f"not in the budget of {budget_s:.0f} s, left out: {', '.join(names)}",
                remedy="allow more with --budget")  # fmt: skip


def shared_cpu(which: str = "") -> Note:
    """There is no CPU that only the servers, or only the loader, run on; `which` servers, if not all: on 2 CPUs."""
    servers = f"servers on {which}" if which else "servers"
    return Note("shared-cpu", f"{servers} and load generator share a CPU", "they slow each other down",
                "give each a CPU of its own")  # fmt: skip


def in_turn(groups: str, at_once: int, in_each: str) -> Note:
    """Clients can't be connected to all servers of these groups at the same time, but perhaps to one each time."""
    told = f"ratios to {in_each}, which is among them each time, are between neighbours in time; ranks" if in_each \
        else "ratios and ranks"  # fmt: skip
    together = "one server" if at_once == 1 else f"{at_once} servers at most"
    return Note("in-turn", f"{groups}: clients are connected to {together} at a time",
                f"{told} there are not between neighbours in time, and hold what the machine did meanwhile",
                "raise `ulimit -Hn`, or free memory, for more at once")  # fmt: skip


def crowded_loader(workers: int, cpus: int) -> Note:
    """The load generator has more processes than CPUs."""
    return Note("crowded-loader", f"{workers} load generator processes on {cpus} CPU{'s' * (cpus != 1)}",
                "a test of function, not a measurement", "take fewer --workers")  # fmt: skip


def attached(addresses: Mapping[str, str]) -> Note:
    """Servers run already, each at its address, and aren't the run's own."""
    met = ", ".join(f"{server} at {address}" for server, address in addresses.items())
    return Note("attached", f"met where somebody else has started them: {met}",
                "their CPU time, memory and processes aren't known, they aren't made to stand still, and all blocks "
                "meet the same processes; so they have no rank, and no ratio to servers that are started here; what "
                "their latencies are between is in cells.csv")  # fmt: skip


# --- of what is compared -----------------------------------------------------------------------------------------


def not_committed(paths: Collection[str]) -> Note:
    """Head is more than a commit."""
    return Note("not-committed", f"head is the working tree, with what is not committed: {', '.join(paths)}")


def unchanged(paths: Collection[str], ref: str) -> Note:
    """Base and head are the same, so that what is found between them is noise."""
    return Note("unchanged", f"{' and '.join(paths)} are the same at {ref} and now")


def elsewhere(paths: Collection[str], ref: str, compared: Collection[str]) -> Note:
    """What differs between the revisions and is the same for both, as it isn't the servers'."""
    return Note("elsewhere", f"also different from {ref}: {', '.join(paths)}",
                f"only {' and '.join(compared)} are compared, and the rest is the working tree's for both")  # fmt: skip


def not_in_base(strategies: Collection[str], ref: str) -> Note:
    """Strategies that are new have nothing to be compared with."""
    return Note("not-in-base", ", ".join(strategies), f"not compared, as {ref} has no such strategy")


# --- of the run --------------------------------------------------------------------------------------------------


def python_loop(why: str) -> Note:
    """The slower of the two hot loops serves; why the other doesn't."""
    return Note(
        "python-loop", "the load generator's hot loop is Python's", why, "install gcc and run `make setup` anew"
    )


def not_counted() -> Note:
    """What a CPU made of a handler's iterations when a block began isn't known."""
    return Note(
        "not-counted",
        "how long a handler computes wasn't counted in some blocks",
        "CPU time of the handler and of the mechanism have no interval",
        "let nothing else run here",
    )


def fewer_rounds(rounds: int, at_most_s: float, profile: str) -> Note:
    """Blocks got fewer than the planned rounds, so that the run ends in time."""
    return Note(
        "fewer-rounds",
        "blocks took longer than planned",
        f"some got fewer than {rounds} rounds, to end near {at_most_s:.0f} s",
        f"raise profiles.{profile}.at_most_s",
    )


def stolen() -> Note:
    """The host gave CPU time to others while something was measured."""
    return Note("stolen",
                f"in some blocks more than {STEAL_SHARE:.0%} of the CPU time went to other machines on the host",
                "what is measured then is slower for it", "measure again in a quieter hour")  # fmt: skip


def throttled() -> Note:
    """A limit on CPU time was reached while something was measured."""
    return Note("throttled", "in some blocks the control group had used up its CPU time and stood still",
                "that looks like a slow server", "run without a limit on CPU time")  # fmt: skip


def bad_end(server: str, problem: str) -> Note:
    """What a server did wrong when it was asked to stop, or that it ended after its last window."""
    return Note("bad-end", server, problem)


def not_frozen(server: str) -> Note:
    """A process of a server can't be stopped, so that it may take time from its neighbours."""
    return Note("not-frozen", f"{server}: a process of it is another user's and can't be made to stand still",
                "what it does outside of its windows is at its neighbours' cost",
                "start it as the user who measures")  # fmt: skip


def left_to_rest(server: str) -> Note:
    """A server with thousands of threads isn't made to stand still; what it uses in its neighbours' windows is told."""
    return Note("left-to-rest", f"{server}: has thousands of threads, and isn't made to stand still but left to rest",
                "to stop and to wake them all takes longer than a window")  # fmt: skip


def grew_while_frozen(server: str) -> Note:
    """Somebody who wasn't stopped started a process in the session of a server that stood still."""
    return Note("grew-while-frozen", f"{server}: its session grew while it stood still",
                "something of it can't be stopped, or is outside of it; its CPU time may not be all its own",
                "run it in the foreground, with all that it starts")  # fmt: skip


def short_queue(server: str, problem: str) -> Note:
    """A server may make clients wait before it hears of them."""
    return Note("short-queue", server, problem)


def owner_unknown(server: str) -> Note:
    """Whether the processes of a server are those that serve isn't known."""
    return Note("owner-unknown", f"{server}: whose processes serve can't be told", "they are another user's",
                "start it as the user who measures")  # fmt: skip


def queues_unknown(why: str) -> Note:
    """Whether servers listen with the backlog that was asked for isn't known."""
    return Note("queues-unknown", "how long the servers' listen queues are can't be told here", why)


def of_workers(sentence: str) -> Note:
    """What became of a worker on another host, or of a stranger who wanted to be one."""
    return Note("workers", sentence)


def lost_window(block: int, failure: str) -> Note:
    """All clients are as they were."""
    return Note("lost-window", f"a window is lost in block {block + 1}", failure,
                "it counts as a failure of the load generator's")  # fmt: skip


def lost_workers(who: Collection[str], block: int | None, failure: str, left: int) -> Note:
    """Workers are gone with their clients; so many are `left` to go on with, 0 where the run ends."""
    are, where = "is" if len(who) == 1 else "are", "" if block is None else f" in block {block + 1}"
    goes_on = f"; the run goes on with {left} worker{'s' * (left != 1)}" if left else "; the run ends"
    return Note(LOST_WORKERS, f"{', '.join(who)} {are} lost{where}", failure,
                f"the group's windows that are missing then are failures of the load generator's{goes_on}")  # fmt: skip


def lost_server(server: str, address: str, block: int, failure: str) -> Note:
    """One that served is out of the group under way, or of the block; an `address` has one that is attached."""
    seen = f"{server} ({address}) is lost" if address else f"{server} fails"
    then = "asks it again" if address else "starts it anew"
    return Note(
        LOST_SERVER,
        f"{seen} in block {block + 1}",
        failure,
        f"the run goes on without it, and {then} in the next block",
    )


def loader_failed(failure: str) -> Note:
    """The load generator died or hung; what it was measuring is lost."""
    return Note("loader-failed", f"{failure}; it was started again")
