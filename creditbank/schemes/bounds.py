"""Bounds: what a parameter of a programme may be, said in one way. Pure."""

from __future__ import annotations

import re
from dataclasses import field
from enum import StrEnum
from typing import Any, TypeVar

from creditbank.core.errors import BadField

Choice = TypeVar("Choice", bound=StrEnum)

_ASSET_CODE = re.compile(r"[A-Z][A-Z0-9]{1,15}")


def bounded(name: str, value: object, *, least: int, most: int, optional: bool) -> None:
    """See that a parameter is a whole number from ``least`` to ``most``.

    Raises:
        BadField: it is not.
    """
    if optional and value is None:
        return
    if type(value) is not int or not least <= value <= most:
        raise BadField(name, f"{least}–{most}")


def whole(default: int | None, least: int, most: int) -> Any:
    """Declare a parameter that is a bounded whole number; None is allowed if it is the default."""
    return field(default=default, metadata={"least": least, "most": most})


def one_of(name: str, kind: type[Choice], value: object) -> Choice:
    """Return the word of a list that a parameter is.

    Raises:
        BadField: it is none of them.
    """
    try:
        return kind(str(value))
    except ValueError as error:
        raise BadField(name, " | ".join(kind)) from error


def code(name: str, value: object) -> str:
    """Return the code of an asset.

    Raises:
        BadField: it is none.
    """
    if not isinstance(value, str) or not _ASSET_CODE.fullmatch(value):
        raise BadField(name, "2–16 capitals and digits / 2–16 位大写字母或数字")
    return value


def word(name: str, value: object, most: int) -> str:
    """Return a short text that is a name or a code.

    Raises:
        BadField: it is none, or too long.
    """
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise BadField(name, f"1–{most} characters / 1–{most} 字")
    return value
