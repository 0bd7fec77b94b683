"""Sign-in of residents: phone, code, and the way on; and the ways out of all three doors."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Query, Request
from fastapi.responses import Response
from pydantic import Field

from api import tokens
from api.edge import cookies
from api.edge.anonymous import about
from api.edge.cookies import Door
from api.edge.limits import limited
from api.edge.routes import Routes
from api.pages.forms import FormKey, PhoneText, Sent
from api.pages.page import AnyPage, KnownPage, Page, StrangerPage
from api.pages.public import attempt, device
from api.pages.public.addresses import MOST, inside
from api.pages.public.attempt import Attempt
from api.pages.public.typed import SixDigits
from api.words import sign_in as sign_in_texts
from creditbank.identity import devices, sign_in, sittings
from creditbank.identity.sign_in import SignedIn

router = Routes(prefix="/b/{slug}", include_in_schema=False)

HOME = "/me"
Wanted = Annotated[str, Query(alias="next", max_length=MOST)]


class PhoneForm(Sent):
    """The phone to send a code to, and the page to come back to."""

    phone: PhoneText
    wanted: str = Field("", max_length=MOST)


class CodeForm(Sent):
    """The code that came to the phone."""

    code: SixDigits


@router.get("/sign-in")
async def begin(request: Request, page: AnyPage, wanted: Wanted = "") -> Response:
    """Ask for a phone; who is signed in already goes on."""
    if page.is_signed_in:
        return page.go(inside(page, wanted, HOME))
    waits = attempt.of(request, page.bank.slug)
    return page.show("public/sign_in.html", wanted=wanted, waits=waits is not None)


@router.post("/sign-in/codes", dependencies=[limited("sign-in-codes", per_minute=10)])
async def ask(
    request: Request, page: StrangerPage, key: FormKey, form: Annotated[PhoneForm, Form()]
) -> Response:
    """Send a code to a phone. What comes next is the same whoever's it is."""
    asked = await sign_in_texts.ask(request, page.caller, phone=form.phone, key=key)
    answer = page.go("/sign-in/code")
    begun = Attempt(attempt_id=asked.attempt_id, phone=form.phone, wanted=form.wanted)
    attempt.keep(request, answer, page.bank.slug, begun)
    return answer


@router.get("/sign-in/code")
async def wait(request: Request, page: AnyPage) -> Response:
    """Ask for the code that was sent."""
    begun = attempt.of(request, page.bank.slug)
    if begun is None:
        return page.go("/sign-in")
    return page.show("public/sign_in_code.html", phone=begun.phone, wanted=begun.wanted)


@router.post("/sign-in/code", dependencies=[limited("sign-in", per_minute=20)])
async def enter(
    request: Request, page: StrangerPage, key: FormKey, form: Annotated[CodeForm, Form()]
) -> Response:
    """Sign a member in on this device; whoever is no member goes on to join."""
    begun = attempt.require(request, page.bank.slug)
    said = {"attempt_id": begun.attempt_id, "phone": begun.phone, "code": form.code}
    said["device"] = device.name_of(request)
    known = about(page.caller, begun.attempt_id)
    done = await known.write(lambda unit: sign_in.sign_in(unit, key=key, **said))
    if done.member_id is None:
        return await _to_joining(request, page, begun, done)
    word = "signed-in-new" if done.new_device else "signed-in"
    return await entered(request, page, done, inside(page, begun.wanted, HOME), word)


async def _to_joining(request: Request, page: Page, begun: Attempt, done: SignedIn) -> Response:
    proof = await page.read(lambda view: sign_in.proof_of(view, done))
    answer = page.go("/join")
    attempt.keep(request, answer, page.bank.slug, begun.model_copy(update={"proof": proof}))
    return answer


async def entered(request: Request, page: Page, done: SignedIn, path: str, word: str) -> Response:
    """Let the device keep the cookie of its sitting, and send it on."""
    secret = await page.read(lambda view: sign_in.secret_of(view, done))
    answer, slug = page.go(path, word), page.bank.slug
    longest_s = sittings.RESIDENT_LONGEST_S
    cookies.give(request, answer, slug, secret, longest_s, door=Door.RESIDENT)
    attempt.forget(request, answer, slug)
    return answer


@router.get("/sign-out")
@router.get("/office/sign-out")
@router.get("/till/sign-out")
async def leaving(page: AnyPage) -> Response:
    """Ask whether this device shall be signed out."""
    return page.show("public/sign_out.html", door=cookies.door_of(page.request.url.path).name)


@router.post("/sign-out")
@router.post("/office/sign-out")
@router.post("/till/sign-out")
async def leave(request: Request, page: KnownPage, key: FormKey) -> Response:
    """Sign this device out; its cookie is dead at once."""
    of = page.whole.principal
    if of.device_since is not None:
        await page.write(
            lambda u: devices.end(u, key=key, holder_id=of.holder_id, sitting_id=of.via)
        )
    elif of.till_id is not None:
        await page.write(lambda unit: tokens.revoke(unit, key=key, token_id=of.via))
    answer = page.go("", "signed-out")
    cookies.take(request, answer, page.bank.slug)
    return answer
