"""Sign-in of residents: a code to the phone, a cookie for the device, and the way out."""

from __future__ import annotations

from datetime import datetime

from fastapi import Request, Response
from pydantic import Field

from api.edge import cookies
from api.edge.anonymous import Nobody, about, told
from api.edge.callers import Principal
from api.edge.forms import AttemptRef, CodeDigits, DeviceName, Form, Phone, Shown
from api.edge.limits import LIMITED, limited
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import AnyCaller, Key
from api.errors import SenderMissing, SendingFailed
from api.routes.devices import DeviceShown, shown
from api.words import sign_in as sign_in_texts
from creditbank.core.errors import AnswerGone, BadField
from creditbank.core.units import View
from creditbank.identity import devices, sign_in, sittings
from creditbank.identity import sign_in_errors as refused
from creditbank.identity.errors import SittingNotFound
from creditbank.identity.one_time_codes import Asked
from creditbank.identity.sign_in import SignedIn
from creditbank.people.errors import MemberSuspended

router = Routes(prefix="/v1/b/{slug}", tags=["sign-in"])

_NO_STORE = {"Cache-Control": "no-store"}


class CodeForm(Form):
    """The phone to send a code to."""

    phone: Phone


class CodeAsked(Shown):
    """A code is on its way, whether or not the phone is known here."""

    attempt_id: str
    resend_at: datetime
    ends_at: datetime


class SignInForm(Form):
    """The code that came to the phone; the device's name is for its owner's list."""

    attempt_id: AttemptRef
    phone: Phone
    code: CodeDigits
    device: DeviceName


class SignedInShown(Shown):
    """A member is signed in and the cookie is set; or a proof, by which the phone's owner joins."""

    member_id: str | None = None
    csrf: str | None = Field(None, description="Send it as `X-CSRF-Token` with every write.")
    new_device: bool = False
    proof: str | None = None
    ends_at: datetime | None = Field(None, description="Until when the proof is good.")


class SittingShown(Shown):
    """Who is signed in on this device, and on which others."""

    holder_id: str
    member_id: str | None
    roles: list[str]
    csrf: str
    devices: list[DeviceShown]


class SignedOut(Shown):
    """The device is signed out."""

    sitting_id: str


@router.post(
    "/sign-in/codes",
    summary="Ask for a code",
    response_model=CodeAsked,
    dependencies=[limited("sign-in-codes", per_minute=10)],
    responses=LIMITED
    | told(BadField, refused.CodeTooSoon, refused.CodesUsedUp, SendingFailed, SenderMissing),
)
async def ask_for_code(request: Request, caller: Nobody, key: Key, form: CodeForm) -> Asked:
    """Send a code to a phone. The answer is the same whoever's it is."""
    return await sign_in_texts.ask(request, caller, phone=form.phone, key=key)


@router.post(
    "/sign-in",
    summary="Sign in with a code",
    dependencies=[limited("sign-in", per_minute=20)],
    responses=LIMITED
    | told(
        *(refused.CodeWrong, refused.CodeTriesOver, refused.CodeOver),
        *(BadField, MemberSuspended, AnswerGone),
    ),
)
async def sign_in_with_code(
    *, request: Request, response: Response, slug: str, caller: Nobody, key: Key, form: SignInForm
) -> SignedInShown:
    """Sign a member in on this device; whoever is no member gets a proof to join with."""
    response.headers.update(_NO_STORE)
    known = about(caller, form.attempt_id)
    said = form.model_dump()
    done = await known.write(lambda unit: sign_in.sign_in(unit, key=key, **said))
    if done.member_id is None:
        return await caller.read(lambda view: _joining(view, done))
    secret = await caller.read(lambda view: sign_in.secret_of(view, done))
    cookies.give(request, response, slug, secret, sittings.RESIDENT_LONGEST_S)
    csrf = sittings.csrf_of(secret)
    return SignedInShown(member_id=done.member_id, csrf=csrf, new_device=done.new_device)


def _joining(view: View, done: SignedIn) -> SignedInShown:
    proof = sign_in.proof_of(view, done)
    return SignedInShown(proof=proof, ends_at=sign_in.proof_until(done).ends_at)


@router.get(
    "/sitting",
    summary="Who is signed in here",
    responses=refusals(SittingNotFound),
)
async def sitting(
    request: Request, response: Response, slug: str, caller: AnyCaller
) -> SittingShown:
    """Show who is signed in by this cookie, and the word that writes must carry."""
    response.headers.update(_NO_STORE)
    of, secret = caller.principal, cookies.read(request, slug)
    if of.device_since is None or secret is None:
        raise SittingNotFound(of.via)
    devices = await caller.read(lambda view: shown(view, of.holder_id, of.via))
    return _sitting(of, sittings.csrf_of(secret), devices)


def _sitting(of: Principal, csrf: str, devices: list[DeviceShown]) -> SittingShown:
    return SittingShown(
        holder_id=of.holder_id,
        member_id=of.member_id,
        roles=sorted({one.role for one in of.grants}),
        csrf=csrf,
        devices=devices,
    )


@router.post(
    "/sign-out",
    summary="Sign out",
    response_model=SignedOut,
    responses=refusals(SittingNotFound),
)
async def sign_out(
    request: Request, response: Response, slug: str, caller: AnyCaller, key: Key
) -> SignedOut:
    """Sign this device out; its cookie is dead at once."""
    of = caller.principal
    ended = await caller.write(
        lambda u: devices.end(u, key=key, holder_id=of.holder_id, sitting_id=of.via)
    )
    cookies.take(request, response, slug)
    return SignedOut(sitting_id=ended)
