"""The chart: the addresses there are, the bounds of each, and the kinds of transfers. Pure.

An account is an address and an asset. A bounded account keeps a balance; an unbounded one keeps
none, so nothing queues on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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


class Kind(StrEnum):
    """What business event a transfer records."""

    ISSUE = "issue"
    REDEEM = "redeem"
    REFUND = "refund"
    GIFT = "gift"
    DONATE = "donate"
    EXPIRE = "expire"
    SETTLE = "settle"
    FUND_IN = "fund-in"
    FUND_OUT = "fund-out"
    REVERSE = "reverse"
    OPENING = "opening"
    HOLD = "hold"
    RELEASE = "release"
    MERGE = "merge"
    SERVICE = "service"


# What a shop takes in redemptions, and what it gives back for them.
TAKEN = frozenset({Kind.REDEEM})
GIVEN_BACK = frozenset({Kind.REFUND, Kind.REVERSE})


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


def is_members(address: str) -> bool:
    """Tell whether an address is a member's, in any of its parts."""
    return address.startswith("member/")


def owner(address: str) -> str:
    """Return the address of whose part this is: a member's for what is held or owed."""
    return "/".join(address.split("/")[:2])


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


def is_kept_by_engine(address: str) -> bool:
    """Tell whether an address is one that only holds, issues and withdrawals may move."""
    return address.startswith("member/") and address.endswith(("/held", "/debt"))


def bounds(address: str, kind: AssetKind) -> Bounds:
    """Return the bounds an account of this address and asset kind is made with.

    Raises:
        BadAddress: the chart has no such address, or not for this kind of asset.
    """
    found = UNBOUNDED if address in {ISSUANCE, EXPIRED, SETTLED} else _bounds(address, kind)
    if found is None:
        raise BadAddress(address)
    return found


def _bounds(address: str, kind: AssetKind) -> Bounds | None:
    head, _, rest = address.partition("/")
    owner, _, part = rest.partition("/")
    points = kind is not AssetKind.MONEY
    found: dict[tuple[str, str], tuple[bool, Bounds]] = {
        ("member", ""): (points, Bounds(HONOUR_FLOOR if kind is AssetKind.HONOUR else 0)),
        ("member", "held"): (kind is AssetKind.SPENDABLE, Bounds(0)),
        ("member", "debt"): (kind is AssetKind.SPENDABLE, Bounds(DEBT_FLOOR, 0)),
        ("team", ""): (points, Bounds(0)),
        ("merchant", ""): (kind is not AssetKind.HONOUR, Bounds(MERCHANT_FLOOR)),
    }
    if head in {"outside", "fund"}:
        if not 0 < len(rest) <= _NAME_MOST or (head == "fund" and part):
            return None
        return UNBOUNDED if head == "outside" else Bounds(0)
    fits, bound = found.get((head, part), (False, UNBOUNDED))
    prefix = {"member": "mem", "team": "tea", "merchant": "mer"}.get(head, "")
    whole = f"{head}/{owner}" + (f"/{part}" if part else "")
    return bound if fits and is_id(owner, prefix) and whole == address else None
