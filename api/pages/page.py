"""What a page's route is handed: who asks, at which bank, and how to answer.

A route reads in one view, writes in one unit, and then shows a template or sends the browser on
(`go`): a page that was made by a write is always another address, so that reloading it and going
back repeat nothing. Scripts only make this smoother: HTMX sends the same forms, and takes a
refusal into the page instead of leaving it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.edge import cookies, csrf
from api.edge.anonymous import nobody, stranger
from api.edge.wiring import SAFE, Caller, bank_of, caller_of, known_caller, narrowed
from api.errors import CallerSuspended, TokenMissing, TokenUnknown
from api.pages import look as looks
from api.pages.look import Look
from api.pages.rendering import Speech, templates
from api.pages.sentences import DONE
from creditbank.core.banks import Bank
from creditbank.core.units import Declined, Unit, View
from creditbank.identity.roles import Right

R = TypeVar("R")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; media-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# The scanner is WebAssembly; only its pages may compile any.
SCANNING = POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")


@dataclass(frozen=True, slots=True)
class Page:
    """One page that is asked for: the device, the bank, the caller, and one instant.

    ``caller`` acts in the roles that give the page's right, ``whole`` in all of theirs.
    """

    request: Request
    bank: Bank
    caller: Caller
    whole: Caller
    look: Look
    now: datetime

    @property
    def base(self) -> str:
        """The beginning of the bank's addresses."""
        return f"/b/{self.bank.slug}"

    @property
    def member_id(self) -> str:
        """The member who asks; only asked where the right says there is one."""
        return self.caller.member_id

    @property
    def is_signed_in(self) -> bool:
        """Whether somebody is known behind this device."""
        return bool(self.whole.principal.grants)

    @property
    def by_script(self) -> bool:
        """Whether HTMX asks, for a part of a page that is open."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def speech(self) -> Speech:
        """How to speak to this device."""
        return Speech(self.look, ZoneInfo(self.bank.zone), self.now)

    @property
    def secret(self) -> str | None:
        """What the device's cookie holds."""
        return cookies.read(self.request, self.bank.slug)

    async def read(self, view: Callable[[View], R], *, patient: bool = False) -> R:
        """Run one view: one snapshot for the whole page."""
        return await self.caller.read(view, patient=patient)

    async def write(self, unit: Callable[[Unit], R | Declined]) -> R:
        """Run one unit as who asks; the answer exists after the commit."""
        return await self.caller.write(unit)

    def render(self, template: str, **values: Any) -> str:
        """Return a template filled in: a whole page, or a part of one."""
        done = DONE.get(self.request.query_params.get("done", ""))
        known: dict[str, Any] = {
            "page": self,
            "bank": self.bank,
            "base": self.base,
            "path": self.request.url.path,
            "csrf": csrf.salted(self.secret) if self.secret else "",
            "done": None if done is None else self.speech.t(*done),
            "may": self.whole.may,
            "Right": Right,
        }
        return templates().get_template(template).render(self.speech.words() | known | values)

    def show(
        self, template: str, *, status: int = 200, scanner: bool = False, **values: Any
    ) -> Response:
        """Return a page; ``scanner`` lets it decode pictures of the camera."""
        policy = SCANNING if scanner else POLICY
        headers = {
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Vary": "HX-Request",
        }
        return HTMLResponse(self.render(template, **values), status, headers)

    def go(self, path: str, done: str | None = None, **query: str) -> Response:
        """Send the browser on to a page of this bank; ``done`` is a word of `sentences.DONE`."""
        assert done is None or done in DONE, f"nothing is said after {done}"
        asked = query | ({} if done is None else {"done": done})
        bare, mark, fragment = path.partition("#")
        joint = "&" if "?" in bare else "?"
        said = f"{joint}{urlencode(asked)}" if asked else ""
        address = f"{self.base}{bare}{said}{mark}{fragment}"
        if self.by_script:
            return Response(status_code=204, headers={"HX-Redirect": address})
        return RedirectResponse(address, 303)


async def opened(request: Request, caller: Caller, whole: Caller | None = None) -> Page:
    """Return the page that a caller asks for."""
    bank, now = await caller.read(lambda view: (view.bank, view.now))
    return Page(request, bank, caller, whole or caller, looks.of(request), now)


def page_for(*rights: Right) -> Any:
    """Return the dependency of a page for whoever holds one of these rights."""

    async def page(request: Request, caller: Annotated[Caller, Depends(caller_of)]) -> Page:
        return await opened(request, narrowed(caller, rights), caller)

    return Depends(page)


async def _of_anyone(
    request: Request,
    bank_id: Annotated[int, Depends(bank_of)],
) -> Page:
    """Hand a public page who asks: somebody signed in here, or nobody.

    Whoever follows a link of another site only looks; writes come from pages of ours.
    """
    try:
        caller = await known_caller(request, bank_id, None)
    except (TokenMissing, TokenUnknown, CallerSuspended):
        reads = request.method in SAFE
        caller = stranger(request, bank_id) if reads else await nobody(request, bank_id)
    return await opened(request, caller)


async def _of_stranger(request: Request, bank_id: Annotated[int, Depends(bank_of)]) -> Page:
    """Hand the page of a write by nobody known, whatever cookie the device has.

    Raises:
        CrossSite: the page that sent it is another site's.
    """
    return await opened(request, await nobody(request, bank_id))


async def _of_known(request: Request, caller: Annotated[Caller, Depends(caller_of)]) -> Page:
    """Hand a page whoever is signed in, in all their roles."""
    return await opened(request, caller)


AnyPage = Annotated[Page, Depends(_of_anyone)]
StrangerPage = Annotated[Page, Depends(_of_stranger)]
KnownPage = Annotated[Page, Depends(_of_known)]
MemberPage = Annotated[Page, page_for(Right.ACT_AS_MEMBER)]
TillPage = Annotated[Page, page_for(Right.ACT_AS_TILL)]
