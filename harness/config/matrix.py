"""What is varied: the matrix of a profile, an entry of it being a list of values for each axis (axes/)."""

import re
import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, ByteSize, Field, create_model, field_validator, model_validator

import axes
from axes import Axis
from harness.config.table import ConfigError, Table, nearest

SLOWEST, FASTEST, LARGEST_SHARE = 0.01, 10_000_000, 1000  # requests per second, and in percent of a capacity


def _rate(given: object) -> object:
    """2000, 0.2 or "2000" requests per second, "50%" of the capacity; as text."""
    text = str(given).replace(" ", "") if isinstance(given, int | float | str) and not isinstance(given, bool) else ""
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?%?", text):
        raise ValueError('not a rate; write 2000 for requests per second or "50%" of the closed loop\'s')
    if not SLOWEST <= float(text.rstrip("%")) <= (LARGEST_SHARE if text.endswith("%") else FASTEST):
        most = f"from {SLOWEST} to {FASTEST:,} requests per second, or to {LARGEST_SHARE}%"
        raise ValueError(f"not a rate {most}; write such as 2000")
    return text


Rate = Annotated[str, BeforeValidator(_rate)]

UNITS_US = {"us": 1, "ms": 1_000, "s": 1_000_000}


def _time(given: object) -> object:
    """50us, 5ms, 0.5s; as microseconds."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?(us|ms|s)", given) if isinstance(given, str) else None
    if not found:
        raise ValueError("not a time; write it with its unit, such as 50us, 5ms or 0.5s")
    axis = axes.AXES["handler_us"]
    time_us = float(found[1]) * UNITS_US[found[2]]
    if not axis.low <= time_us <= axis.high:
        raise ValueError(f"not a handler's time: {axis.bounds}")
    return round(time_us)


Time = Annotated[int, BeforeValidator(_time)]


def value_type(axis: Axis) -> Any:
    """What pydantic holds a value of this axis to."""
    match axis.kind:
        case "choice":
            return Literal[axis.choices]
        case "count" | "cpus":  # of CPUs how many; which ones they are, the machine says
            return Annotated[int, Field(ge=axis.low, le=axis.high)]
        case "bytes":
            return Annotated[ByteSize, Field(ge=axis.low, le=axis.high)]
        case "time":
            return Time
        case _:
            return Rate


class _Entry(Table):
    """The product of its lists. What a service leaves no choice of has one value (axes.OF_SERVICE)."""

    along: str = ""  # the key of the axis whose values are compared with each other
    strategies: list[str] = []  # who takes part, of those that are taken: names, globs, chapter; nobody named: all

    @field_validator("along")
    @classmethod
    def _as_on_the_command_line(cls, along: str) -> str:
        return along.replace("-", "_")

    def values(self, axis: Axis) -> list[Any]:
        """Of an axis, as they stand; none where the entry doesn't name it and a setting says what is usual."""
        given = getattr(self, axis.key)
        return [given] if axis.single else [int(value) if axis.kind == "bytes" else value for value in given]

    def with_values(self, given: Mapping[str, list[Any]], along: str | None) -> "Matrix":
        """The entry with these values, by their keys, in place of its own. Raises ConfigError for a bad `along`."""
        update: dict[str, Any] = {key: found[0] if axes.BY_KEY[key].single else found for key, found in given.items()}
        if along is not None:
            update["along"] = along
        changed = self.model_copy(update=update)
        if fault := changed._fault():
            option = axes.BY_KEY[changed.along].option if along is None else f"--along {along}"
            raise ConfigError(f"{option}: {fault}")
        for option, fault in (
            ("--handlers", changed._fault_of_handlers()),
            ("--transports", changed._fault_of_datagrams()),
            ("--company", changed._fault_of_company()),
        ):
            if fault:
                raise ConfigError(f"{option}: {fault}")
        return changed

    @model_validator(mode="after")
    def _rate_where_open(self) -> "_Entry":
        load, rate = (self.values(axes.AXES[name]) for name in ("load", "rate"))
        if (load == ["open"]) != bool(rate):
            raise ValueError('load = "open" takes rate = [...], such as rate = [2000, "50%"], and no other load does')
        return self

    @model_validator(mode="after")
    def _compares_along(self) -> "_Entry":
        if fault := self._fault():
            raise ValueError(f'along = "{self.along}": {fault}')
        return self

    @model_validator(mode="after")
    def _handlers_have_times(self) -> "_Entry":
        if fault := self._fault_of_handlers():
            raise ValueError(fault)
        return self

    @model_validator(mode="after")
    def _datagrams_are_answered_one_by_one(self) -> "_Entry":
        if fault := self._fault_of_datagrams():
            raise ValueError(fault)
        return self

    @model_validator(mode="after")
    def _company_has_a_size(self) -> "_Entry":
        if fault := self._fault_of_company():
            raise ValueError(fault)
        return self

    def _fault_of_company(self) -> str:
        """What is wrong with who else is at the servers; empty if nothing is."""
        kinds, sizes, services = (self.values(axes.AXES[name]) for name in ("company", "company_size", "service"))
        beside = [kind for kind in kinds if kind != axes.AXES["company"].usual]
        if beside and not any(sizes):
            return f"{beside[0]} takes a number; give company_sizes (--company-sizes), such as [0, 100]"
        if any(sizes) and not beside:
            return f"company_sizes: there is no company; give company (--company): {', '.join(axes.BESIDE)}"
        unanswered = [service for service in services if service not in axes.ANSWERED]
        if beside and unanswered:
            kept = "keeps no connection for messages that are answered"
            return f"{beside[0]}: service {unanswered[0]} {kept}; take {axes.ANSWERED[0]} alone"
        return ""

    def _fault_of_datagrams(self) -> str:
        """What is wrong with what is sent in datagrams; empty if nothing is."""
        transports, services, sizes = (
            self.values(axes.AXES[name]) for name in ("transport", "service", "message_size")
        )
        found = [transport for transport in transports if transport in axes.IN_DATAGRAMS]
        if not found:
            return ""
        unanswered = [service for service in services if service not in axes.ANSWERED]
        too_large = [size for size in sizes if size > axes.LARGEST_DATAGRAM]
        if unanswered:
            return f"{found[0]}: service {unanswered[0]} has no message that is answered; take {axes.ANSWERED[0]} alone"
        if too_large:
            most = f"{axes.LARGEST_DATAGRAM:,} bytes, which a datagram has room for"
            return f"{found[0]}: messages of {too_large[0]:,} bytes; let sizes be at most {most}"
        for axis in axes.OF_STREAMS:
            if self.values(axis) != [axis.usual]:
                return f"{found[0]}: {axis.key} is of connections, which datagrams have none of; leave it out"
        return ""

    def _fault_of_handlers(self) -> str:
        """What is wrong with what the servers do for each message; empty if nothing is."""
        handlers, times, services = (self.values(axes.AXES[name]) for name in ("handler", "handler_us", "service"))
        busy = [handler for handler in handlers if handler != axes.AXES["handler"].usual]
        if busy and not times:
            return f'{busy[0]} takes a time; give handler_times (--handler-times), such as "1ms"'
        of = self.values(axes.AXES["handler_of"]) != [axes.AXES["handler_of"].usual]
        if (times or of) and not busy:
            named = "handler_times" if times else "handler_of"
            return f"{named}: there is no handler; give handlers (--handlers): waits, blocks or computes"
        unhandled = [service for service in services if service not in axes.ANSWERED]
        if busy and unhandled:
            return f"{busy[0]}: service {unhandled[0]} has no message that is answered; take {axes.ANSWERED[0]} alone"
        return ""

    def _fault(self) -> str:
        """What is wrong with the axis that it compares along; empty if nothing is."""
        known = [axis.key for axis in axes.comparable()]
        if self.along and self.along not in known:
            axis = axes.BY_KEY.get(self.along)
            is_theirs = axis and "command" in axis.sides and "exchange" not in axis.sides
            why = "has no order" if is_theirs else "is no axis of the servers' side" if axis else "no such axis"
            return f"{why}{nearest(self.along, known)}; there are {', '.join(known) or 'none'}"
        if self.along and len(set(self.values(axes.BY_KEY[self.along]))) < 2:
            return f"has fewer than two {self.along} to compare; give more of them, or compare along nothing"
        return ""


def _field(axis: Axis) -> tuple[Any, Any]:
    """Type and default of an axis's key."""
    one: Any = value_type(axis)
    many: Any = types.GenericAlias(list, (one,))
    if axis.single:
        return one, axis.usual
    if axis.kind in ("rate", "time"):
        return many, []
    usual = ... if axis.required else [] if axis.setting else [axis.usual]
    return Annotated[many, Field(min_length=1)], usual


if TYPE_CHECKING:
    Matrix = _Entry
else:
    Matrix = create_model("Matrix", __base__=_Entry, **{axis.key: _field(axis) for axis in axes.BY_KEY.values()})
