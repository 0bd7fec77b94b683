"""The banks of a server as a page, for whoever opens its address in a browser."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from api.edge.wiring import database_of
from api.pages import look as looks
from api.pages.page import POLICY
from api.pages.rendering import Speech, templates
from creditbank.core.banks import Bank, BankState


def shown(request: Request, banks: Sequence[Bank]) -> Response:
    """Return the page that leads to the banks that work."""
    speech = Speech(looks.of(request), ZoneInfo("UTC"), database_of(request).clock.now())
    known = [one for one in banks if one.state is BankState.OPEN]
    page = templates().get_template("public/banks.html").render(speech.words(), banks=known)
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Vary": "Accept"}
    return HTMLResponse(page, headers=headers)
