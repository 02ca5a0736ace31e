"""A line of [strategies]: how one server is started, or where one listens already, and what is known of it."""

import shlex
import shutil
import string
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ByteSize, Field, ValidationInfo, field_validator, model_validator

import axes
from axes import Handler, Service
from harness.config.attach import is_here, parted
from harness.config.table import Table, nearest

PLACEHOLDERS = (
    "python",
    "host",
    "port",
    "path",
    "backlog",
    *(axis.name for axis in axes.on("command")),
    axes.ITERATIONS,
    "options",
)
OTHER = "other"  # the family of a strategy that doesn't name one
# Keys that say how it is started.
OF_A_COMMAND = ("command", "ready", "workers", "marks", "memory_per_client", "fixed", "needs")

Count = Annotated[int, Field(ge=1, le=1_000_000)]


def _passed_on(text: str) -> str:
    if "\0" in text:
        raise ValueError("has a NUL in it, which no process can be told; remove it")
    return text


PassedOn = Annotated[str, AfterValidator(_passed_on)]  # to a process
Environment = dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")], PassedOn]


class Strategy(Table):
    """How one server is started, or where it is, and what is known of it."""

    attach: str = ""  # HOST:PORT of one that somebody else has started
    command: PassedOn  # empty of such a one
    family: str = OTHER
    ready: Literal["line", "connect"] = "line"
    services: Annotated[tuple[Service, ...], Field(min_length=1)] = axes.BYTES
    listing: str | None = None
    serves: Count | None = None  # clients at a time, by design, who comes first first; None: all of them
    one_at_a_time: bool = False  # short for serves = 1
    carries: Count | None = None  # requests after which it ends a connection by itself; None: it doesn't
    workers: Count | None = None  # that share the connections: it is told who got which
    marks: bool = False  # its workers are threads: it has the option --marks, and prints which of them has a connection
    handler: Literal["waits", "computes"] | None = None
    memory_per_client: ByteSize = ByteSize(64 * 1024)
    fixed: dict[str, str] = {}  # axes of the servers' side that it can't follow, and why
    lacks: tuple[Handler, ...] = ()  # handlers that it has no way to carry out
    needs: dict[str, str] = {}  # modules that its interpreter must have, each with what installs it
    # Not in the file: the key it stands under, the folder it runs in, which form of it this is, and the address that
    # `attach` led to, as HOST:PORT.
    name: str = ""
    cwd: Path = Path()
    variant: str = ""
    python: str = sys.executable
    env: Environment = {}
    address: str = ""

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_number(cls, told: Any) -> Any:
        if isinstance(told, dict) and told.get("one_at_a_time") is True:
            if told.get("serves", 1) != 1:
                raise ValueError("serves more than one, and one_at_a_time; remove one of them")
            return told | {"serves": 1}
        return told

    @model_validator(mode="before")
    @classmethod
    def _started_or_attached(cls, told: Any) -> Any:
        """What is attached has no options: it is the form that somebody else has chosen."""
        if not isinstance(told, dict) or "attach" not in told:
            return told
        for key in OF_A_COMMAND:
            if key in told:
                raise ValueError(f"has attach and {key}: one that is attached isn't started here; remove one of them")
        silent = {"command": "", "services": (axes.AXES["service"].usual,), "memory_per_client": 0}
        return silent | told | {"variant": axes.ATTACHED}

    @field_validator("attach")
    @classmethod
    def _host_and_port(cls, told: str) -> str:
        parted(told)
        return told

    @field_validator("command")
    @classmethod
    def _known_placeholders(cls, command: str, others: ValidationInfo) -> str:
        if others.data.get("attach"):
            return command
        try:
            fields = list(string.Formatter().parse(command))
            empty = not shlex.split(command)
        except ValueError as error:
            raise ValueError(f"not a command: {str(error).lower()}; a literal brace is written twice") from None
        if empty:
            raise ValueError("empty; write the command that starts the server")
        for _, field, form, conversion in fields:
            if field is not None and (field not in PLACEHOLDERS or form or conversion):
                there_are = ", ".join(PLACEHOLDERS)
                raise ValueError(
                    f"unknown placeholder {{{field}}}{nearest(field, PLACEHOLDERS)}; there are {there_are}"
                )
        return command

    @field_validator("fixed")
    @classmethod
    def _known_axes(cls, fixed: dict[str, str]) -> dict[str, str]:
        known = [axis.name for axis in axes.comparable()]
        for name in fixed:
            if name not in known:
                there_are = ", ".join(known) or "none"
                raise ValueError(f"{name}: no axis of the servers' side{nearest(name, known)}; there are {there_are}")
        return fixed

    def is_told(self, axis: str) -> bool:
        """Whether its command has a place for this axis."""
        fields = {field for _, field, _, _ in string.Formatter().parse(self.command)}
        return bool(fields & {axis, "options"})

    def serves_all(self, clients: int) -> bool:
        """Whether none of so many clients waits for another to leave."""
        return self.serves is None or clients <= self.serves

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is attached, and on another machine."""
        return bool(self.address) and not is_here(self.address)

    @property
    def label(self) -> str:
        """What tells it from all others of a run."""
        return f"{self.name}@{self.variant}" if self.variant else self.name

    @property
    def program(self) -> str | None:
        """The path of the program that the command starts; None where there is none."""
        word = shlex.split(self.command)[0]
        if word == "{python}":
            return self.python
        # A name with a slash is meant from the bench file's folder, where the command will run.
        return shutil.which(self.cwd / word if "/" in word else word)
