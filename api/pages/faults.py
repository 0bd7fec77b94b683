"""Refusals as pages: what happened in one sentence, what each field lacks, and a way on.

HTMX gets the same as a part of the page that is open, so that nothing that was typed is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from api import cookies, metrics, problems
from api.anonymous import stranger
from api.cookies import Door
from api.errors import RateLimited
from api.pages import page as pages
from api.pages.labels import LABELS
from api.problems import FieldProblem
from api.wiring import bank_of
from creditbank.core.errors import BankNotFound, CreditbankError, Unauthenticated

_SIGN_IN = {Door.RESIDENT: "/sign-in", Door.OFFICE: "/office/sign-in", Door.TILL: "/till/pair"}


async def answer(
    request: Request, error: CreditbankError, fields: Sequence[FieldProblem] = ()
) -> Response:
    """Return the page that tells an error; who is not signed in is sent to do that."""
    metrics.refused(error)
    slug = request.url.path.split("/")[2]
    if isinstance(error, Unauthenticated) and request.method == "GET":
        return _to_sign_in(request, slug)
    try:
        caller = stranger(request, await bank_of(request, slug))
        page = await pages.opened(request, caller)
    except CreditbankError as without_bank:  # there is no page without a bank to be of
        unknown = isinstance(without_bank, BankNotFound)
        return problems.answer(without_bank if unknown else error, request.url.path)
    told = page.show(
        "parts/problem.html" if page.by_script else "problem.html",
        status=problems.status_of(error),
        error=error,
        fields=[LABELS.get(one.pointer.rpartition("/")[2], ("", "")) for one in fields],
        sign_in=_address(request, slug) if isinstance(error, Unauthenticated) else None,
        back=_back(request, page.base),
    )
    if page.by_script:
        told.headers.update({"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"})
    if isinstance(error, RateLimited):
        told.headers["Retry-After"] = str(error.retry_after_s)
    return told


def _to_sign_in(request: Request, slug: str) -> Response:
    address = _address(request, slug)
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


def _address(request: Request, slug: str) -> str:
    """Return where to sign in by the door of the page, to come back to it afterwards."""
    path = f"/b/{slug}{_SIGN_IN[cookies.door_of(request.url.path)]}"
    back = request.url.path if request.method == "GET" else _back(request, f"/b/{slug}")
    return f"{path}?{urlencode({'next': back})}"


def _back(request: Request, base: str) -> str:
    """Return the page it came from, if that is one of this bank's; else the first one."""
    came = urlsplit(request.headers.get("hx-current-url") or request.headers.get("referer", ""))
    inside = came.path.startswith(f"{base}/") and came.netloc in {"", request.url.netloc}
    return came.path if inside and came.path != request.url.path else base
