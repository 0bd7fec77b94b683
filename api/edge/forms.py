"""Strict values of requests: no number from text, no text from number, nothing unforeseen.

Bounds here are those of form only (what could be written down at all); limits of a scheme are
the engine's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query
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
from merchants.offers import CART_FEN_MOST

# Control characters, and what hides in a line or turns it round.
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)

# Further away is a slip of the pen, and the clocks of a zone may not reach there.
_YEAR = "(19|20|21)[0-9]{2}"
_RFC_3339 = re.compile(
    _YEAR + r"-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DAY = re.compile(_YEAR + r"-\d\d-\d\d", re.ASCII)


def _written_as(pattern: re.Pattern[str]) -> Callable[[object], object]:
    """Return a check that a value is text of a form; numbers are no dates."""

    def check(value: object) -> object:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            message = "write it as RFC 3339 says, from 1900 to 2199"
            raise ValueError(message)
        return value

    return check


def printable(text: str) -> str:
    """Return a text without control characters; others are refused."""
    if _UNPRINTABLE.search(text):
        message = "control characters are not text"
        raise ValueError(message)
    return text


def _pattern(prefix: str) -> str:
    """Return the pattern of the ids of one kind."""
    return f"^{prefix}_[0-9a-hjkmnp-tv-z]{{26}}$"


Units = Annotated[
    StrictInt, Field(ge=1, le=PAYMENT_UNITS_MOST, description="A whole number of units.")
]
Fen = Annotated[StrictInt, Field(ge=0, le=CART_FEN_MOST, description="Yuan × 100, a whole number.")]
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
    AfterValidator(printable),
]
Reason = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(printable),
]

Title = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(printable),
]
ShortName = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=40),
    AfterValidator(printable),
]
Phone = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[0-9+() -]{5,24}$"),
    Field(
        description="11 digits of the mainland, or + and the country's.", examples=["13800000000"]
    ),
]
DocumentNumber = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[0-9A-Za-z -]{5,40}$"),
    Field(description="The number of an identity document."),
]
PayCodeDigits = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=40),
    AfterValidator(printable),
    Field(description="The 18 digits of the QR, or as typed."),
]
MemberRef = Annotated[str, StringConstraints(strict=True, pattern=_pattern("mem"))]
ClaimRef = Annotated[str, StringConstraints(strict=True, pattern=_pattern("clm"))]
HouseholdRef = Annotated[str, StringConstraints(strict=True, pattern=_pattern("hhd"))]
TeamRef = Annotated[str, StringConstraints(strict=True, pattern=_pattern("tea"))]
CommunityRef = Annotated[str, StringConstraints(strict=True, pattern=_pattern("com"))]
SkillCode = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?$"),
    Field(description="The code of a skill.", examples=["first-aid"]),
]
MemberNumber = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[A-Za-z0-9-]{1,20}$"),
    Field(description="The number of a member.", examples=["M0001"]),
]
AttemptRef = Annotated[str, StringConstraints(strict=True, pattern=_pattern("att"))]
CodeDigits = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[0-9]{6}$"),
    Field(description="The six digits that came to the phone.", examples=["000000"]),
]
PinDigits = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[0-9]{6}$"),
    Field(description="The six digits of a payment PIN.", json_schema_extra={"writeOnly": True}),
]
DeviceName = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=60),
    AfterValidator(printable),
    Field(description="What its owner knows the device by.", examples=["我的手机"]),
]
TaskRef = Annotated[str, StringConstraints(strict=True, pattern=_pattern("tsk"))]
OrganisationRef = Annotated[str, StringConstraints(strict=True, pattern=_pattern("org"))]
OfferRef = Annotated[str, StringConstraints(strict=True, pattern=_pattern("ofr"))]
StaffRef = Annotated[str, StringConstraints(strict=True, pattern=_pattern("stf"))]
TillRef = Annotated[str, StringConstraints(strict=True, pattern=_pattern("til"))]
MerchantRef = Annotated[str, StringConstraints(strict=True, pattern=_pattern("mer"))]
CashierRef = Annotated[str, StringConstraints(strict=True, pattern=_pattern("csh"))]

Limit = Annotated[int, Query(ge=1, le=200, description="How many rows at most.")]
DayAsked = Annotated[
    date | None,
    BeforeValidator(lambda value: None if value is None else _written_as(_DAY)(value)),
    Query(description="A day, as 2026-03-01; left out, today."),
]
Cursor = Annotated[
    str | None,
    Query(
        max_length=200,
        pattern=r"^[0-9A-Za-z_.:+/=-]*$",
        description="`next` of the page before; leave it out for the first page.",
    ),
]


CommunityAsked = Annotated[
    str | None, Query(pattern=_pattern("com"), description="A community; left out, all.")
]


def _path_id(prefix: str, what: str) -> Any:
    return Path(description=f"The id of {what}.", pattern=_pattern(prefix))


MemberId = Annotated[str, _path_id("mem", "a member")]
TaskId = Annotated[str, _path_id("tsk", "a task")]
ErasureId = Annotated[str, _path_id("ers", "a wish to be erased")]
ClaimId = Annotated[str, _path_id("clm", "a claim")]
PhotoId = Annotated[str, _path_id("pho", "a photo")]
PartyId = Annotated[str, _path_id("pty", "the claim of a family or team")]
MerchantId = Annotated[str, _path_id("mer", "a merchant")]
TillId = Annotated[str, _path_id("til", "a till")]
ASSIST_PATTERN = _pattern("ast")
AssistId = Annotated[str, _path_id("ast", "an assist")]
CashierId = Annotated[str, _path_id("csh", "a cashier")]
OfferId = Annotated[str, _path_id("ofr", "an offer")]
PayCodeId = Annotated[str, _path_id("pcd", "a pay code")]
SittingId = Annotated[str, _path_id("sit", "a signed-in device")]
NoticeId = Annotated[str, _path_id("ntc", "a notice")]
CardId = Annotated[str, _path_id("crd", "a printed card")]
DelegationId = Annotated[str, _path_id("dlg", "a delegation")]
RedemptionId = Annotated[str, _path_id("red", "a redemption")]
TransferId = Annotated[str, _path_id("trf", "a transfer")]
StaffId = Annotated[str, _path_id("stf", "somebody in office")]
GrantId = Annotated[str, _path_id("grt", "a role that somebody holds")]
InvitationId = Annotated[str, _path_id("inv", "an invitation")]
TokenId = Annotated[str, _path_id("tok", "a token")]
MergeId = Annotated[str, _path_id("mrg", "a merging")]
DepartureId = Annotated[str, _path_id("dep", "a departure")]
SeriesId = Annotated[str, _path_id("ser", "a series")]
PairId = Annotated[str, _path_id("pai", "a pair")]
EntryId = Annotated[str, _path_id("ent", "an entry of the lists")]
OrganisationId = Annotated[str, _path_id("org", "a partner organisation")]
HouseholdId = Annotated[str, _path_id("hhd", "a household")]
ServiceId = Annotated[str, _path_id("svc", "a service between members")]
NeedyId = Annotated[str, _path_id("ned", "an entry of the register of people in need")]
HandoutId = Annotated[str, _path_id("hdo", "a hand-out")]
TeamId = Annotated[str, _path_id("tea", "a team")]
RelationId = Annotated[str, _path_id("kin", "a relation of two members")]
ThanksId = Annotated[str, _path_id("thk", "a note of thanks")]
SkillPath = Annotated[
    str,
    Path(description="The code of a skill.", pattern=r"^[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?$"),
]
RequestId = Annotated[
    str,
    Path(
        description="The Idempotency-Key of the till's scan, redeem, authorise or scan-and-redeem.",
        pattern=r"^[\x21-\x7e]{16,255}$",
    ),
]
PeriodName = Annotated[str, Path(description="The name of a period.", pattern=r"^[0-9]{4}$")]
AssetPath = Annotated[str, Path(description="An asset's code.", pattern=r"^[A-Z][A-Z0-9]{1,15}$")]


class Form(BaseModel):
    """What a request body starts from: unknown fields are refused; each type here is strict."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(BaseModel):
    """What an answer starts from: read from the engine's frozen values, never from a table."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


ArrivalId = Annotated[str, _path_id("arv", "a list of newcomers")]
