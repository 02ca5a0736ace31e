"""What is varied: the matrix of a profile."""

import re
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, ByteSize, Field, model_validator

from harness.config.table import Table

Service = Literal["echo", "greet", "log"]
Load = Literal["closed", "open", "knee"]
LOADS: tuple[str, ...] = get_args(Load)
# A message names its client in 8 characters, one more tells two successive requests apart, and CRLF ends it.
SMALLEST_MESSAGE = 11
LARGEST_MESSAGE = 64 * 2**20

Count = Annotated[int, Field(ge=1, le=1_000_000)]


def _rate(given: object) -> object:
    """2000 or "2000" requests per second, "50%" of the capacity; as text."""
    text = str(given).replace(" ", "") if isinstance(given, int | str) and not isinstance(given, bool) else ""
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?%?", text) or not 0 < float(text.rstrip("%")) <= 10_000_000:
        raise ValueError('not a rate; write 2000 for requests per second or "50%" of the closed loop\'s')
    return text


Rate = Annotated[str, BeforeValidator(_rate)]


class Matrix(Table):
    """The product of its lists. greet and log close after one request, and greet has one size."""

    service: Annotated[list[Service], Field(min_length=1)]
    clients: Annotated[list[Count], Field(min_length=1)]
    sizes: Annotated[list[Annotated[ByteSize, Field(ge=SMALLEST_MESSAGE, le=LARGEST_MESSAGE)]], Field(min_length=1)] = [
        ByteSize(64)
    ]
    requests_per_connection: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = [0]
    load: Load = "closed"
    rate: list[Rate] = []

    @model_validator(mode="after")
    def _rate_where_open(self) -> "Matrix":
        if (self.load == "open") != bool(self.rate):
            raise ValueError('load = "open" takes rate = [...], such as rate = [2000, "50%"], and no other load does')
        return self
