"""The attempt of a device to sign in, from the phone's number to the cookie of its sitting.

What a program would send again with each request lies in a cookie of the device for these few
minutes: the attempt, the phone, the page to come back to and, for who joins, the proof. It never
stands in an address. It opens nothing by itself: the code does, or the proof that came of it.
"""

from __future__ import annotations

import base64
import binascii

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.edge import cookies
from api.edge.cookies import Door
from api.edge.forms import AttemptRef, Phone
from api.pages.public.addresses import MOST
from creditbank.identity.sign_in_errors import CodeOver

_KEPT_S = 900


class Attempt(BaseModel):
    """What a device has said and proven so far."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    attempt_id: AttemptRef
    phone: Phone
    wanted: str = Field("", max_length=MOST)
    proof: str | None = Field(None, max_length=120)


def _name(request: Request, slug: str) -> str:
    return f"{cookies.name_of(request, slug, Door.RESIDENT)}.attempt"


def of(request: Request, slug: str) -> Attempt | None:
    """Return the attempt of the device that asks, or None if it has none."""
    kept = request.cookies.get(_name(request, slug), "")
    try:
        return Attempt.model_validate_json(base64.urlsafe_b64decode(kept.encode()))
    except (binascii.Error, ValidationError, ValueError):
        return None


def require(request: Request, slug: str) -> Attempt:
    """Return the attempt of the device that asks.

    Raises:
        CodeOver: it has none (any more).
    """
    found = of(request, slug)
    if found is None:
        raise CodeOver
    return found


def keep(request: Request, answer: Response, slug: str, attempt: Attempt) -> None:
    """Let the device keep its attempt for as long as a code and a proof last."""
    answer.set_cookie(
        _name(request, slug),
        base64.urlsafe_b64encode(attempt.model_dump_json().encode()).decode(),
        max_age=_KEPT_S,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def forget(request: Request, answer: Response, slug: str) -> None:
    """Let the device forget its attempt."""
    answer.delete_cookie(
        _name(request, slug),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
