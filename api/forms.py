"""Strict values of requests: no number from text, no text from number, nothing unforeseen.

Bounds here are those of form only (what could be written down at all); limits of a scheme are
the engine's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
)

from creditbank.core.values import PAYMENT_UNITS_MOST

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\ufeff]")

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _written_as(pattern: re.Pattern[str]) -> Callable[[object], object]:
    """Return a check that a value is text of a form; numbers are no dates."""

    def check(value: object) -> object:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            message = "write it as RFC 3339 says"
            raise ValueError(message)
        return value

    return check


def _printable(text: str) -> str:
    if _UNPRINTABLE.search(text):
        message = "control characters are not text"
        raise ValueError(message)
    return text


def text(least: int, most: int) -> Any:  # noqa: ANN401 - a type made at run time
    """Return the type of a text of a length, without control characters, trimmed."""
    return Annotated[
        str,
        StringConstraints(strict=True, strip_whitespace=True, min_length=least, max_length=most),
        AfterValidator(_printable),
    ]


def ident(prefix: str) -> Any:  # noqa: ANN401 - a type made at run time
    """Return the type of an id with a prefix, in a body."""
    pattern = f"^{prefix}_[0-9a-hjkmnp-tv-z]{{26}}$"
    return Annotated[str, StringConstraints(strict=True, pattern=pattern)]


Units = Annotated[
    StrictInt, Field(ge=1, le=PAYMENT_UNITS_MOST, description="A whole number of units.")
]
Fen = Annotated[StrictInt, Field(ge=0, le=100_000_000, description="Yuan × 100, a whole number.")]
AssetCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z][A-Z0-9]{1,15}$")]
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_written_as(_RFC_3339)),
    Field(description="RFC 3339 with offset.", examples=["2026-03-01T09:00:00+08:00"]),
]
Day = Annotated[
    date, BeforeValidator(_written_as(_DAY)), Field(description="A day, as 2026-03-01.")
]
Name = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=60),
    AfterValidator(_printable),
]
Reason = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_printable),
]

Limit = Annotated[int, Query(ge=1, le=200, description="How many rows at most.")]
Cursor = Annotated[
    str | None,
    Query(
        max_length=200,
        pattern=r"^[0-9A-Za-z_.:+/=-]*$",
        description="`next` of the page before; leave it out for the first page.",
    ),
]


class Form(BaseModel):
    """What a request body starts from: unknown fields are refused; each type here is strict."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(BaseModel):
    """What an answer starts from: read from the engine's frozen values, never from a table."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Done(Shown):
    """A write that leaves nothing to tell but that it is done."""

    done: bool = True
    at: datetime | None = None
