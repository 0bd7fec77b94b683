"""Callers whom nobody knows yet: they ask for codes, sign in and join.

Their writes carry an Idempotency-Key like all others. Before there is an attempt they share one
scope per bank, so a key must be the client's own random word, as it has to be anyway; from then on
the attempt is the caller (`Nobody.about`): its id is unguessable and known to one client only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Request

from api.edge.callers import Principal
from api.edge.openapi import refusals
from api.edge.wiring import SAME_SITE, Caller, bank_of, database_of
from api.errors import BodyUnusable, CrossSite
from creditbank.core.errors import BankNotFound, DatabaseUnavailable

_ID_MOST = 64


def about(caller: Caller, attempt_id: str) -> Caller:
    """Return the caller that an attempt stands for."""
    name = f"anon/{attempt_id}"[:_ID_MOST]
    return replace(caller, principal=replace(caller.principal, holder_id=name))


def stranger(request: Request, bank_id: int) -> Caller:
    """Return a caller whom nobody knows, without any right."""
    return Caller(database_of(request), bank_id, Principal("anon", (), "anon"))


async def nobody(request: Request, bank_id: Annotated[int, Depends(bank_of)]) -> Caller:
    """Return the caller of a route that asks for no token and no cookie: without any right.

    Raises:
        CrossSite: the page that sent it is another site's.
    """
    if request.headers.get("sec-fetch-site") not in SAME_SITE:
        raise CrossSite
    return stranger(request, bank_id)


Nobody = Annotated[Caller, Depends(nobody)]


def told(*kinds: Any) -> dict[int | str, dict[str, Any]]:
    """Return the refusals of such a route, with those that signed-in callers' routes get anyway."""
    return refusals(CrossSite, BankNotFound, BodyUnusable, DatabaseUnavailable, *kinds)
