"""The chart of accounts: the addresses there are, and the floor and ceiling of each. Pure.

An account is an address and an asset. A bounded account keeps a balance; an unbounded one keeps
none, so nothing queues on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import BadAddress
from creditbank.core.ids import is_id
from creditbank.core.values import AssetKind

ISSUANCE = "issuance"
EXPIRED = "expired"
SETTLED = "settled"
OUTSIDE = "outside/"

DEBT_FLOOR = -1_000_000
HONOUR_FLOOR = -1_000_000
MERCHANT_FLOOR = -10_000

_NAME_MOST = 80


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most a balance may be, in units; None is no bound."""

    floor: int | None
    ceiling: int | None = None


UNBOUNDED = Bounds(None)


def member(member_id: str) -> str:
    """Return the address of what a member can spend."""
    return f"member/{member_id}"


def held(member_id: str) -> str:
    """Return the address of what a member has on hold."""
    return f"member/{member_id}/held"


def is_held(address: str) -> bool:
    """Tell whether an address is what a member has on hold."""
    return address.startswith("member/") and address.endswith("/held")


def debt(member_id: str) -> str:
    """Return the address of what a member still has to earn back (zero or below)."""
    return f"member/{member_id}/debt"


def team(team_id: str) -> str:
    """Return the address of a volunteer team."""
    return f"team/{team_id}"


def merchant(merchant_id: str) -> str:
    """Return the address of a partner merchant."""
    return f"merchant/{merchant_id}"


def fund(name: str) -> str:
    """Return the address of a community fund."""
    return f"fund/{name}"


def outside(name: str) -> str:
    """Return the address of a name that a foreign journal brought along."""
    return f"{OUTSIDE}{name}"


def bounds(address: str, kind: AssetKind) -> Bounds:
    """Return the bounds an account of this address and asset kind is made with.

    Raises:
        BadAddress: the chart has no such address, or not for this kind of asset.
    """
    if address in {ISSUANCE, EXPIRED, SETTLED}:
        return UNBOUNDED
    parts = address.split("/")
    match parts:
        case ["outside", *_] if 0 < len(address) - len(OUTSIDE) <= _NAME_MOST:
            return UNBOUNDED
        case ["member", member_id] if is_id(member_id, "mem") and kind is not AssetKind.MONEY:
            return Bounds(HONOUR_FLOOR if kind is AssetKind.HONOUR else 0)
        case ["member", member_id, "held"] if (
            is_id(member_id, "mem") and kind is AssetKind.SPENDABLE
        ):
            return Bounds(0)
        case ["member", member_id, "debt"] if (
            is_id(member_id, "mem") and kind is AssetKind.SPENDABLE
        ):
            return Bounds(DEBT_FLOOR, 0)
        case ["team", team_id] if is_id(team_id, "tea") and kind is not AssetKind.MONEY:
            return Bounds(0)
        case ["merchant", merchant_id] if (
            is_id(merchant_id, "mer") and kind is not AssetKind.HONOUR
        ):
            return Bounds(MERCHANT_FLOOR)
        case ["fund", name] if 0 < len(name) <= _NAME_MOST:
            return Bounds(0)
        case _:
            raise BadAddress(address)
