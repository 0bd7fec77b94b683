"""Bounds: what a parameter of a programme may be, said in one way. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from creditbank.core.errors import BadField

Choice = TypeVar("Choice", bound=StrEnum)


def bounded(name: str, value: object, *, least: int, most: int, optional: bool) -> None:
    """See that a parameter is a whole number from ``least`` to ``most``.

    Raises:
        BadField: it is not.
    """
    if optional and value is None:
        return
    if type(value) is not int or not least <= value <= most:
        raise BadField(name, f"{least}–{most}")


def one_of(name: str, kind: type[Choice], value: object) -> Choice:
    """Return the word of a list that a parameter is.

    Raises:
        BadField: it is none of them.
    """
    try:
        return kind(str(value))
    except ValueError as error:
        raise BadField(name, " | ".join(kind)) from error
