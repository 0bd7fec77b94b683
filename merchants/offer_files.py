"""Offers as TOML files: every fault is named with its line. Pure."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from merchants import offers
from merchants.errors import OfferInvalid
from merchants.offers import Offer

TEXT_MOST = 10_000
_FAULT = re.compile(r"(?P<what>.*?)\s*\(at (?:line (?P<line>\d+), column \d+|end of document)\)")


def parse(text: str) -> Offer:
    """Read an offer from the text of its TOML file.

    Raises:
        OfferInvalid: a parameter is unknown, missing, unusable or contradicts another; or the
            text is no TOML (the parameter is then ``toml``).
    """
    if len(text) > TEXT_MOST:
        raise OfferInvalid("toml", 1, f"longer than {TEXT_MOST} / 超过 {TEXT_MOST} 个字")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _no_toml(text, str(error)) from error
    try:
        return offers.read(values)
    except OfferInvalid as error:
        line = _line_of(text, error.parameter) or _line_of(text, "rule") or 1
        raise OfferInvalid(error.parameter, line, error.reason) from error


def _no_toml(text: str, message: str) -> OfferInvalid:
    match = _FAULT.fullmatch(message)
    lines = text.count("\n") + 1
    if match is None:
        return OfferInvalid("toml", lines, message)
    line = int(match["line"] or lines)
    parameter = re.match(r"\s*([\w-]+)\s*=", text.split("\n")[line - 1])
    return OfferInvalid(parameter[1] if parameter else "toml", line, match["what"])


def _line_of(text: str, parameter: str) -> int | None:
    """Return the line on which a parameter's statement ends: the first prefix that knows it."""
    lines = text.split("\n")
    for count in range(1, len(lines) + 1):
        if parameter in _whole_statements("\n".join(lines[:count])):
            return count
    return None


def _whole_statements(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}  # a statement over several lines has not ended yet
