"""Asset, Amount, Posting: the values everything is said in. Pure; whole numbers only.

A posting has a source, a destination and a positive amount, so a transfer that does not balance
cannot be written down. Text with decimals is read into units of an asset's scale and back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditbank.core.errors import BadAmount, BadField

UNITS_MOST = 2**53 - 1
PAYMENT_UNITS_MOST = 1_000_000
SCALE_MOST = 6

_ASSET_CODE = re.compile(r"[A-Z][A-Z0-9]{1,15}")
_DECIMAL = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,6}))?")


class AssetKind(StrEnum):
    """What may be done with an asset."""

    SPENDABLE = "spendable"
    HONOUR = "honour"
    MONEY = "money"


def whole_units(value: object, most: int = UNITS_MOST) -> int:
    """Return ``value`` if it is an int (not a bool) with 1 ≤ value ≤ most.

    Raises:
        BadAmount: it is anything else.
    """
    if type(value) is not int or not 1 <= value <= most:
        raise BadAmount(most)
    return value


@dataclass(frozen=True, slots=True)
class Asset:
    """A kind of points or money of one bank; ``scale`` counts its decimals, 0 to 6."""

    code: str
    name: str
    scale: int
    kind: AssetKind

    def __post_init__(self) -> None:
        """Refuse codes and scales that could not be written down.

        Raises:
            BadField: the code is not 2–16 capitals and digits, or the scale is not 0–6.
        """
        if not _ASSET_CODE.fullmatch(self.code):
            raise BadField("asset", "2–16 capitals and digits / 2–16 位大写字母或数字")
        if type(self.scale) is not int or not 0 <= self.scale <= SCALE_MOST:
            raise BadField("scale", f"0–{SCALE_MOST}")


@dataclass(frozen=True, slots=True)
class Amount:
    """A positive whole number of units of one asset, 1 to 2^53 − 1."""

    units: int
    asset: str

    def __post_init__(self) -> None:
        """Refuse what is no amount.

        Raises:
            BadAmount: the units are not a whole number in bounds.
        """
        whole_units(self.units)


@dataclass(frozen=True, slots=True)
class Posting:
    """One movement from source to destination; ``expires_on`` dates what comes in."""

    source: str
    destination: str
    amount: Amount
    expires_on: date | None = None

    def __post_init__(self) -> None:
        """Refuse a movement from an account to itself."""
        assert self.source != self.destination, "a posting moves between two accounts"

    def mirrored(self) -> Posting:
        """Return the movement that undoes this one."""
        return Posting(self.destination, self.source, self.amount)


def read_units(text: str, scale: int) -> int:
    """Read a decimal such as ``59.99`` into units of a scale (2 → 5999). Zero is allowed.

    Raises:
        BadField: it is no plain decimal, or has more decimals than the scale.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None or not text.isascii():
        raise BadField("amount", f"not a plain number / 不是普通数字: {text[:20]}")
    whole, decimals = match[1], match[2] or ""
    if len(decimals) > scale:
        raise BadField("amount", f"more than {scale} decimals / 小数超过 {scale} 位: {text[:20]}")
    units = int(whole + decimals.ljust(scale, "0"))
    if units > UNITS_MOST:
        raise BadAmount(UNITS_MOST)
    return units


def write_units(units: int, scale: int) -> str:
    """Write units of a scale as a decimal (−5999, 2 → ``-59.99``)."""
    if scale == 0:
        return str(units)
    sign = "-" if units < 0 else ""
    digits = str(abs(units)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"
