"""What a page's form sends: text, read into values; the key of its deed comes along.

A form is written with the key of what it will do, so that a button tapped twice, a page sent
again after *back*, or two tabs do it once. Full-width digits are what a Chinese keyboard writes
and are digits here.
"""

import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic import StringConstraints as Text

from api.edge.forms import printable
from api.edge.wiring import key_of
from creditbank.core.values import PAYMENT_UNITS_MOST
from merchants.offers import CART_FEN_MOST

KEY_SIGNS_MOST = 200
_YUAN = re.compile(r"(\d{1,9})(?:\.(\d{1,2}))?")


def plain(text: object) -> object:
    """Return a text with its full-width signs made plain, without space around it."""
    return unicodedata.normalize("NFKC", text).strip() if isinstance(text, str) else text


def blank_is_none(text: object) -> object:
    """Return None for a field that was left empty."""
    return None if isinstance(text, str) and not text.strip() else text


def _fen(text: object) -> object:
    """Read yuan as people write them (59.9, 59.90, 1,200) into fen, without any rounding."""
    said = plain(text)
    if not isinstance(said, str):
        return said
    found = _YUAN.fullmatch(said.replace(",", "").removeprefix("¥").removeprefix("￥"))
    if found is None:
        message = "write an amount such as 59.90"
        raise ValueError(message)
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))


class Sent(BaseModel):
    """What every form of a page sends; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = Field("", max_length=255)
    csrf: str = Field("", max_length=200)

    def said(self) -> dict[str, Any]:
        """Return what was filled in, without key and word."""
        return self.model_dump(exclude={"key", "csrf"})


Count = Annotated[int, BeforeValidator(plain), Field(ge=1, le=PAYMENT_UNITS_MOST)]
Yuan = Annotated[int, BeforeValidator(_fen), Field(ge=0, le=CART_FEN_MOST)]
Line = Annotated[
    str,
    Text(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(printable),
]
Prose = Annotated[
    str,
    BeforeValidator(lambda text: text.replace("\r\n", "\n") if isinstance(text, str) else text),
    Text(strip_whitespace=True, min_length=1, max_length=2_000),
    AfterValidator(printable),
]
Said = Annotated[  # a few sentences, kept as one line
    str,
    BeforeValidator(lambda text: " ".join(text.split()) if isinstance(text, str) else text),
    Text(min_length=1, max_length=200),
    AfterValidator(printable),
]
MaybeSaid = Annotated[Said | None, BeforeValidator(blank_is_none)]
Digits = Annotated[str, BeforeValidator(plain), Text(pattern=r"^[0-9]{4,24}$")]
PhoneText = Annotated[str, BeforeValidator(plain), Text(pattern=r"^[0-9+() -]{5,24}$")]
DayText = Annotated[date, BeforeValidator(plain)]
LocalTime = Annotated[datetime, BeforeValidator(plain), Field(description="Without a zone.")]
MaybeLine = Annotated[Line | None, BeforeValidator(blank_is_none)]
MaybeCount = Annotated[Count | None, BeforeValidator(blank_is_none)]
MaybeYuan = Annotated[Yuan | None, BeforeValidator(blank_is_none)]
MaybeDay = Annotated[DayText | None, BeforeValidator(blank_is_none)]
Ticked = Annotated[bool, Field(description="A box that was ticked sends `true`; else nothing.")]


async def _key_of_form(request: Request) -> str:
    """Return the key that the page wrote into its form.

    A form of several deeds names the later ones by what it appends to it, so it is a little shorter
    than a program's may be.

    Raises:
        KeyMissing: there is none, or it leaves no room for that.
    """
    said = request.headers.get("idempotency-key") or (await request.form()).get("key")
    return await key_of(said if isinstance(said, str) and len(said) <= KEY_SIGNS_MOST else None)


FormKey = Annotated[str, Depends(_key_of_form)]
