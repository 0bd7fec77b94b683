"""Pairing: a device gives a code of the shop's owner back, and is the shop's till from then on."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from api import till_tokens, tokens
from api.edge import cookies
from api.edge.cookies import Door
from api.edge.forms import ShortName
from api.edge.limits import limited
from api.edge.routes import Routes
from api.pages.forms import FormKey, Sent
from api.pages.page import AnyPage, StrangerPage
from api.pages.public.typed import PairingCode
from merchants.till_errors import PairingOver

router = Routes(prefix="/b/{slug}/till", include_in_schema=False)

KEPT_S = 366 * 24 * 3600


class PairForm(Sent):
    """A pairing code as it was read, and what the device is called."""

    code: PairingCode
    device: ShortName


@router.get("/pair")
async def begin(page: AnyPage) -> Response:
    """Ask for the code; a device that is a till already is told so."""
    return page.show("public/pair.html", paired=page.whole.principal.till_id is not None)


@router.post("/pair", dependencies=[limited("till-pair", per_minute=10)])
async def pair(
    request: Request, page: StrangerPage, key: FormKey, form: Annotated[PairForm, Form()]
) -> Response:
    """Exchange a pairing code for the till's cookie; the till's other devices are shut off.

    Raises:
        PairingWrong, PairingOver: the code does not work, or this is a late copy.
    """
    secret, said = tokens.new_secret(), form.said()
    _, given = await page.write(lambda unit: till_tokens.give(unit, key=key, secret=secret, **said))
    answer = page.go("/till", "paired")
    if given is not None:
        cookies.give(request, answer, page.bank.slug, given, KEPT_S, door=Door.TILL)
    elif cookies.read(request, page.bank.slug) is None:
        raise PairingOver
    return answer
