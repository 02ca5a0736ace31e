"""What a server must do to be worth measuring, as cases over real sockets.

A case drives the server as clients would, and raises `Nonconformance` with what it expected and what it saw.
It sees the socket alone, so bounded memory means here: the server stops reading from a client that takes no
replies. Only that case waits, for STALL_S; a server that hangs costs DEADLINE_S a case.
The rules that servers are held to are in servers/README.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

from harness.conformance import addresses, datagrams, echo, greet, http, log, xmlrpc
from harness.conformance.client import Drive, Nonconformance, Target, TimedOut, untried
from harness.processes.endpoint import Endpoint

SUITES: dict[str, tuple[Drive, ...]] = {
    "echo": echo.CASES,
    "greet": greet.CASES,
    "log": log.CASES,
    "http": http.CASES,
    "xmlrpc": xmlrpc.CASES,
}


@dataclass(frozen=True)
class Case:
    name: str
    run: Drive

    @property
    def description(self) -> str:
        return " ".join((self.run.__doc__ or "").split())


OF_TCP = (echo.no_delay, http.no_delay)  # what only TCP can do wrong


def of_service(service: str, endpoint: Endpoint) -> list[Case]:
    """The cases of a service where it is served there, the simplest first. Raises KeyError for an unknown service."""
    cases = datagrams.CASES if endpoint.in_datagrams else SUITES[service]
    left_out = () if endpoint.transport == "tcp" else OF_TCP
    return [Case(run.__name__.replace("_", "-"), run) for run in cases if run not in left_out]


def why_nobody(target: Target, service: str) -> str:
    """Why a server serves none of the target's clients, if it is for their address; else nothing."""
    if not target.has_source:
        return ""
    return addresses.refuses_others(target, of_service(service, target.endpoint)[0].run)


def failures(target: Target, service: str, why_silent: Callable[[], str] = lambda: "") -> list[str]:
    """One line for each case that the server fails; none means that it conforms.

    Where one hears nothing, `why_silent` may tell the cause, or nothing; the rest isn't tried then.
    """
    found: list[str] = []
    patience = 2  # a server that hangs once may answer in the next case; one that hangs twice costs too much time
    tried = of_service(service, target.endpoint)
    for case in tried:
        if not patience:
            found.append("the rest: not tried, as it does not answer")
            break
        try:
            case.run(target)
            if case is tried[0] and target.has_source and (why := addresses.slows_others(target, case.run)):
                found.append(why)
        except Nonconformance as failure:
            if case is tried[0] and (why := why_nobody(target, service)):
                return [why]
            cause = why_silent() if isinstance(failure, TimedOut) else ""
            found.append(f"{case.name}: {failure}" + f": {cause}" * bool(cause))
            if cause:
                break
            patience -= isinstance(failure, TimedOut)
        except OSError as error:
            found.append(untried(case.name, error))
    return found
