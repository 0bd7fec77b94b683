"""Tokens: what programs and tills call with; made by an operator, shown once."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import Response
from pydantic import Field, StrictInt

from api import issued_tokens, tokens
from api.edge.forms import (
    CommunityRef,
    Cursor,
    Form,
    Limit,
    MerchantRef,
    Name,
    Shown,
    StaffRef,
    TillRef,
    TokenId,
)
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from api.errors import BeyondMaker, TokenNotFound
from api.issued_tokens import Issued
from api.seats import NO_STORE
from creditbank.core.errors import BadField
from creditbank.core.units import Declined, Unit, View
from creditbank.identity.roles import Right, Role
from creditbank.people.errors import CommunityNotFound
from merchants.errors import MerchantNotFound, TillNotFound

router = Routes(prefix="/v1/b/{slug}/tokens", tags=["tokens"])

KeepsTokens = Annotated[Caller, having(Right.KEEP_TOKENS)]
SeesTokens = Annotated[Caller, having(Right.KEEP_TOKENS, Right.OVERSEE)]
TokenRole = Literal[
    "till",
    "organiser",
    "reviewer",
    "community_head",
    "treasurer",
    "auditor",
    "operator",
    "shop_owner",
]


class TokenForm(Form):
    """A token to make: a till's, a person's in office (`staff_id`), or else a program's."""

    role: TokenRole
    days: Annotated[
        StrictInt, Field(ge=1, le=issued_tokens.DAYS_MOST, description="How long it works.")
    ]
    label: Annotated[Name, Field(description="What it is for; no names of people.")]
    till_id: TillRef | None = None
    staff_id: StaffRef | None = None
    community_id: CommunityRef | None = None
    merchant_id: MerchantRef | None = None


class TokenMade(Shown):
    """A token. Its secret is shown once: to a repeated request it is null; make another one."""

    token_id: str
    holder_id: str
    ends_at: datetime
    token: str | None = Field(examples=["cbt_…"])


class TokenShown(Shown):
    """A token that is in use."""

    token_id: str
    role: Role
    member_id: str | None
    till_id: str | None
    staff_id: str | None
    community_id: str | None
    merchant_id: str | None
    label: str
    created_at: datetime
    ends_at: datetime | None


class TokenPage(Shown):
    """Tokens that are in use, the oldest first."""

    items: list[TokenShown]
    next: str | None


class TokenRevoked(Shown):
    """A token that works no more."""

    token_id: str


@router.post(
    "",
    summary="Make a token",
    status_code=201,
    responses=refusals(BeyondMaker, BadField, TillNotFound, CommunityNotFound, MerchantNotFound),
)
async def create(caller: KeepsTokens, key: Key, form: TokenForm, response: Response) -> TokenMade:
    """Make a token, never for more than the maker may give or its holder holds."""
    secret, makers = tokens.new_secret(), caller.principal.grants
    said = form.model_dump() | {"role": Role(form.role), "key": key}
    make = partial(issued_tokens.issue, makers=makers, secret_hash=tokens.hashed(secret), **said)
    made, fresh = await caller.write(lambda unit: _made(unit, make(unit), secret))
    response.headers.update(NO_STORE)
    return _shown(made, secret if fresh else None)


def _made(unit: Unit, made: Issued | Declined, secret: str) -> tuple[Issued, bool] | Declined:
    if isinstance(made, Declined):
        return made
    return made, issued_tokens.is_of(unit, made.token_id, tokens.hashed(secret))


def _shown(made: Issued, secret: str | None) -> TokenMade:
    return TokenMade(
        token_id=made.token_id, holder_id=made.holder_id, ends_at=made.ends_at, token=secret
    )


@router.get("", summary="The tokens in use")
async def listing(caller: SeesTokens, after: Cursor = None, limit: Limit = 50) -> TokenPage:
    """List the tokens that work, the oldest first. Their secrets are known to nobody here."""

    def look(view: View) -> issued_tokens.Page:
        return issued_tokens.listing(view, after=after, limit=limit)

    page = await caller.read(look)
    return TokenPage.model_validate({"items": page.tokens, "next": page.after})


@router.post("/{token_id}/revoke", summary="Revoke a token", responses=refusals(TokenNotFound))
async def revoke(caller: KeepsTokens, token_id: TokenId, key: Key) -> TokenRevoked:
    """Let a token work no more, from the next request on."""
    await caller.write(lambda unit: tokens.revoke(unit, key=key, token_id=token_id))
    return TokenRevoked(token_id=token_id)
