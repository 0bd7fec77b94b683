"""Thanks and what they are for: services that were done for a member, notes got and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Query
from fastapi.responses import Response

from api.edge.forms import ClaimId
from api.edge.routes import Routes
from api.pages.forms import FormKey, MaybeSaid, Said, Sent
from api.pages.member import task_cards
from api.pages.member.task_cards import Card
from api.pages.page import MemberPage
from creditbank.core.units import View
from creditbank.people import households, persons, teams
from creditbank.service import confirmations, received, thanking, thanks
from creditbank.service.received import Received
from creditbank.service.thanks import Thanks
from creditbank.tasks import parties
from creditbank.tasks.tasks import Party

router = Routes(prefix="/b/{slug}/me", include_in_schema=False)

SHOWN_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Note:
    """A note with masked names; ``from_name`` is None if the office wrote it."""

    note: Thanks
    to_name: str
    from_name: str | None


@dataclass(frozen=True, slots=True)
class Service:
    """A service done for who asks, by somebody with a masked name."""

    received: Received
    card: Card
    name: str


@dataclass(frozen=True, slots=True)
class Thankful:
    """What a member got, wrote, and can still answer."""

    services: list[Service]
    got: list[Note]
    after: str | None
    count: int
    written: list[Note]


class ConfirmationForm(Sent):
    """Whether it was done, and a word to that."""

    agrees: bool
    word: MaybeSaid = None


class ThanksForm(Sent):
    """The words, and to whom."""

    text: Said
    to: Party = Party.PERSON


@router.get("/thanks")
async def listing(
    page: MemberPage, *, after: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Show the notes of thanks of a member, and whom to thank."""
    shown = await page.read(lambda view: _thankful(view, page.member_id, after or None))
    return page.show("member/thanks.html", thankful=shown, is_first=not after)


def _thankful(view: View, member_id: str, after: str | None) -> Thankful:
    got = thanks.of_member(view, member_id, after=after, limit=SHOWN_AT_ONCE)
    mine = thanks.written_by(view, member_id, limit=SHOWN_AT_ONCE)
    notes = [*got.notes, *mine.notes]
    both = {one.member_id for one in notes} | {one.written_by_member for one in notes}
    names = persons.masked_names(view, {one for one in both if one is not None})
    called = _called(view, notes, names)

    def shown(several: Sequence[Thanks]) -> list[Note]:
        return [
            Note(
                one,
                called[one.thanks_id],
                None if one.written_by_member is None else names[one.written_by_member],
            )
            for one in several
        ]

    return Thankful(
        _services(view, received.of_member(view, member_id)) if after is None else [],
        shown(got.notes),
        got.after,
        thanks.count(view, member_id=member_id),
        shown(mine.notes) if after is None else [],
    )


def _called(view: View, notes: Sequence[Thanks], names: Mapping[str, str]) -> dict[str, str]:
    """Return how those are called whom notes thank, by note."""
    called: dict[str, str] = {}
    for one in notes:
        if one.household_id is not None:
            called[one.thanks_id] = households.find(view, one.household_id).number
        elif one.team_id is not None:
            called[one.thanks_id] = teams.find(view, one.team_id).name
        else:
            called[one.thanks_id] = names[str(one.member_id)]
    return called


def _services(view: View, several: Sequence[Received]) -> list[Service]:
    names = persons.masked_names(view, {one.claim.member_id for one in several})
    cards = task_cards.of_ids(view, [one.task.task_id for one in several])
    return [Service(one, cards[one.task.task_id], names[one.claim.member_id]) for one in several]


@router.get("/confirmations/{claim_id}")
async def one(page: MemberPage, claim_id: ClaimId) -> Response:
    """Show a service that was done for a member: to confirm, and to thank for."""

    def look(view: View) -> tuple[Service, Party | None]:
        found = received.find(view, page.member_id, claim_id)
        party = found.claim.party_id
        kind = None if party is None else parties.find(view, party).kind
        return _services(view, [found])[0], kind

    service, party = await page.read(look)
    return page.show("member/confirmation.html", service=service, party=party)


@router.post("/confirmations/{claim_id}")
async def confirm(
    page: MemberPage, claim_id: ClaimId, key: FormKey, form: Annotated[ConfirmationForm, Form()]
) -> Response:
    """Confirm or contradict a service that was done for who asks."""
    await page.write(
        lambda unit: confirmations.say(
            unit, key=key, claim_id=claim_id, agrees=form.agrees, word=form.word
        )
    )
    return page.go("/me/thanks", "service-right" if form.agrees else "service-wrong")


@router.post("/confirmations/{claim_id}/thanks")
async def write(
    page: MemberPage, claim_id: ClaimId, key: FormKey, form: Annotated[ThanksForm, Form()]
) -> Response:
    """Thank who served; the office reads it first."""
    await page.write(
        lambda unit: thanking.write(unit, key=key, claim_id=claim_id, text=form.text, to=form.to)
    )
    return page.go("/me/thanks", "thanks-written")
