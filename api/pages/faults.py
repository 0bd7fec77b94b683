"""Refusals as pages: what happened in one sentence, what each field lacks, and a way on.

HTMX gets the same as a part of the page that is open, so that nothing that was typed is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from api.edge import cookies, metrics, problems
from api.edge.anonymous import stranger
from api.edge.cookies import Door
from api.edge.problems import FieldProblem
from api.edge.wiring import bank_of
from api.errors import BodyTooLarge, BodyUnusable, PathUnknown, RateLimited, RoleDenied
from api.pages import page as pages
from api.pages.labels import LABELS
from creditbank.core.errors import BankNotFound, CreditbankError, Unauthenticated
from creditbank.identity.errors import StaffSignInRefused

_SIGN_IN = {Door.RESIDENT: "/sign-in", Door.OFFICE: "/office/sign-in", Door.TILL: "/till/pair"}

_SAID = {
    BodyUnusable.slug: (
        "有的内容没有填对，还没有办理",
        "Something is not filled in as it should be; nothing was done",
    ),
    RoleDenied.slug: (
        "您现在的身份不能办理这一项",
        "This is not for the role in which you are signed in",
    ),
    PathUnknown.slug: ("没有这个页面，可能网址有误", "There is no such page"),
}


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
    asked = fields if request.method != "GET" else ()
    told = page.show(
        "parts/problem.html" if page.by_script else "problem.html",
        status=problems.status_of(error),
        error=error,
        sentence=_sentence(page, error),
        fields=[LABELS.get(one.pointer.rpartition("/")[2], ("", "")) for one in asked],
        sign_in=_address(request, slug) if _is_unknown(error) else None,
        back=_back(request, page.base),
    )
    if page.by_script:
        told.headers.update({"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"})
    if isinstance(error, RateLimited):
        told.headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, BodyTooLarge):
        told.headers["Connection"] = "close"
    return told


def _is_unknown(error: CreditbankError) -> bool:
    """Tell whether nobody is known, and did not just try to be."""
    return isinstance(error, Unauthenticated) and not isinstance(error, StaffSignInRefused)


def _sentence(page: pages.Page, error: CreditbankError) -> str:
    """Return what happened; what speaks to programs in its own words is said to people here.

    Whoever only looks has filled nothing in: then it is the address that is wrong.
    """
    if isinstance(error, BodyUnusable) and page.request.method == "GET":
        return page.speech.t(*_SAID[PathUnknown.slug])
    return page.speech.t(*_SAID[error.slug]) if error.slug in _SAID else page.speech.said(error)


def _to_sign_in(request: Request, slug: str) -> Response:
    """Send a browser to sign in; a script that asked for a part sees it by the status."""
    address = _address(request, slug)
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"HX-Redirect": address})
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
    if not inside or came.path == request.url.path:
        return base
    return f"{came.path}?{came.query}" if came.query else came.path
