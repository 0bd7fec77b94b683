"""Sign-in of people in office: by password and second factor, and by a link of an operator."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import Response
from pydantic import Field

from api import shown_once
from api.edge.cookies import Door
from api.edge.limits import limited
from api.edge.routes import Routes
from api.pages.forms import FormKey, Sent
from api.pages.page import AnyPage, Page, StrangerPage
from api.pages.public import device, qr
from api.pages.public.addresses import MOST, inside
from api.pages.public.sign_in import Wanted
from api.pages.public.typed import Link, Login, MaybeRecoveryCode, MaybeSixDigits, Password
from api.seats import Seat
from creditbank.core.errors import BadField
from creditbank.core.units import Declined
from creditbank.identity import (
    acceptances,
    grants,
    invitations,
    passwords,
    second_factors,
    staff,
    staff_sign_in,
)
from creditbank.identity.roles import OFFICE
from creditbank.identity.staff_sign_in import SignedIn

router = Routes(prefix="/b/{slug}/office", include_in_schema=False)

_LIMIT = [limited("staff-sign-in", per_minute=30)]


class SignInForm(Sent):
    """What somebody in office knows and has."""

    login: Login
    password: Password
    code: MaybeSixDigits = None
    recovery_code: MaybeRecoveryCode = None
    wanted: str = Field("", max_length=MOST)


class LinkForm(Sent):
    """A link that was received, or the secret in it."""

    invitation: Link


class AcceptForm(LinkForm):
    """What an invited person chooses, and the code of the second factor they have set up."""

    login: Login
    password: Password
    again: Password
    code: MaybeSixDigits = None


class RestoreForm(LinkForm):
    """The password that is, and the code of the second factor that was set up by the link."""

    password: Password
    code: MaybeSixDigits = None


@router.get("/sign-in")
async def begin(page: AnyPage, wanted: Wanted = "") -> Response:
    """Ask for login and password; who is signed in already goes on."""
    if page.is_signed_in:
        return page.go(await _first(page, page.whole.principal.holder_id, wanted))
    return page.show("public/office_sign_in.html", wanted=wanted)


async def _first(page: Page, staff_id: str, wanted: str) -> str:
    """Return where somebody in office goes first: the office, or their shop."""
    held = await page.read(lambda view: grants.of(view, staff_id).values())
    office = any(one.role in OFFICE for one in held) or not held
    return inside(page, wanted, "/office" if office else "/shop", Door.OFFICE)


def _seat(request: Request, page: Page, answer: Response) -> Seat:
    return Seat(request, answer, page.bank.slug, page.bank.bank_id)


@router.post("/sign-in", dependencies=_LIMIT)
async def enter(
    request: Request, page: StrangerPage, key: FormKey, form: Annotated[SignInForm, Form()]
) -> Response:
    """Sign in by password and second factor. What was wrong is never said."""
    kept = await page.read(lambda view: staff.password_of(view, form.login))
    checked = await asyncio.to_thread(passwords.checked, kept, form.password)
    said = form.model_dump(include={"login", "code", "recovery_code"}) | _here(request)
    doing = partial(staff_sign_in.sign_in, key=key, checked=checked, **said)
    seat = _seat(request, page, Response())
    sat = await seat.sit(lambda unit, digest: doing(unit, secret_hash=digest))
    answer = page.go(await _first(page, sat.signed_in.staff_id, form.wanted), "signed-in")
    return _seated(seat, answer)


def _here(request: Request) -> dict[str, str]:
    """Return what the device of somebody in office is called."""
    return {"device": device.name_of(request)[: device.OF_STAFF_MOST]}


def _seated(seat: Seat, answer: Response) -> Response:
    """Return an answer with the cookie that a sign-in has given."""
    for said in seat.response.headers.getlist("set-cookie"):
        answer.headers.append("set-cookie", said)
    return answer


@router.get("/invitations")
async def received(page: AnyPage) -> Response:
    """Ask for the link that somebody was given; a script reads it from the address."""
    return page.show("public/invitation.html")


@router.post("/invitations/open", dependencies=_LIMIT)
async def open_link(
    request: Request, page: StrangerPage, key: FormKey, form: Annotated[LinkForm, Form()]
) -> Response:
    """Show whom a link is for, and a second factor to set up; the one shown last counts."""
    secret, digest = second_factors.new_secret(), invitations.hashed(form.invitation)
    show = partial(shown_once.opened, key=key, digest=digest, secret=secret)
    opened = await _seat(request, page, Response()).write(show)
    picture = None if opened.uri is None else await qr.drawn(opened.uri)
    said = {"opened": opened, "picture": picture, "invitation": form.invitation}
    return _whole(page, "public/invitation_opened.html", **said)


def _whole(page: Page, template: str, **values: Any) -> Response:
    """Show a page in the place of the one that sent the form: what it shows is shown once."""
    answer = page.show(template, **values)
    if page.by_script:
        answer.headers.update({"HX-Retarget": "body", "HX-Reswap": "innerHTML show:window:top"})
    return answer


@router.post("/invitations/accept", dependencies=_LIMIT)
async def accept(
    request: Request, page: StrangerPage, key: FormKey, form: Annotated[AcceptForm, Form()]
) -> Response:
    """Join by a link, with a login and password of one's own: the roles start."""
    passwords.require_good(form.password, form.login)
    if form.password != form.again:
        raise BadField("password", "two different ones / 两次输入不一致")
    kept = await asyncio.to_thread(passwords.hashed, form.password)
    said: dict[str, Any] = {"login": form.login, "code": form.code, "password_hash": kept}
    said |= _here(request) | {"invitation": invitations.hashed(form.invitation)}
    join = partial(acceptances.accept, key=key, **said)
    return await _joined(request, page, join, with_codes=form.code is not None)


@router.post("/second-factor", dependencies=_LIMIT)
async def restore(
    request: Request, page: StrangerPage, key: FormKey, form: Annotated[RestoreForm, Form()]
) -> Response:
    """Set a second factor up by an operator's link and the password one has, and sign in."""
    seat, digest = _seat(request, page, Response()), invitations.hashed(form.invitation)
    join = partial(
        acceptances.restore,
        key=key,
        invitation=digest,
        checked=await shown_once.checked_by_link(seat, digest, form.password),
        code=form.code or "",
        **_here(request),
    )
    return await _joined(request, page, join, with_codes=True)


async def _joined(
    request: Request, page: Page, join: partial[SignedIn | Declined], *, with_codes: bool
) -> Response:
    """Sign in by a link; recovery codes are shown once, and never again."""
    codes, seat = second_factors.new_recovery_codes(), _seat(request, page, Response())
    sat = await seat.sit(lambda unit, digest: join(unit, secret_hash=digest, recovery_codes=codes))
    first = await _first(page, sat.signed_in.staff_id, "")
    if not with_codes or sat.csrf is None:
        return _seated(seat, page.go(first, "joined"))
    return _seated(seat, _whole(page, "public/recovery_codes.html", codes=codes, first=first))
