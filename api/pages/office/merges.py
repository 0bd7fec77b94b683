"""Merges: two rows of one person become one; above a bound a second worker confirms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Path, Query
from fastapi.responses import Response

from api.edge.routes import Routes
from api.pages.forms import FormKey, MaybeSaid, Sent
from api.pages.office.members import Named, NumberText, known
from api.pages.page import Page, page_for
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.leaving import merges
from creditbank.leaving.merges import Merge, MergeState
from creditbank.people import kin, members

router = Routes(prefix="/b/{slug}/office/merges", include_in_schema=False)

Keeps = Annotated[Page, page_for(Right.KEEP_MEMBERS)]
Sees = Annotated[Page, page_for(Right.KEEP_MEMBERS, Right.OVERSEE)]
MergeId = Annotated[str, Path(pattern=r"^mrg_[0-9a-hjkmnp-tv-z]{26}$")]
Asked = Annotated[str, Query(max_length=20, pattern=r"^[A-Za-z0-9-]*$")]


class MergeForm(Sent):
    """Two rows by their numbers; a reason unless both have the same document number."""

    old: NumberText
    kept: NumberText
    reason: MaybeSaid = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A merge that waits for a second worker."""

    one: Merge
    old: Named
    kept: Named
    may_confirm: bool


@router.get("")
async def listing(page: Sees, old: Asked = "") -> Response:
    """Show what waits for a second worker, and the form."""

    def look(view: View) -> list[Waiting]:
        mine = kin.of_actor(view, page.whole.actor)
        return [
            _waiting(view, page, one, mine)
            for one in merges.waiting(view, within=page.caller.communities)
        ]

    return page.show("office/merges.html", waiting=await page.read(look), old=old)


def _waiting(view: View, page: Page, one: Merge, mine: frozenset[str]) -> Waiting:
    old, kept = known(view, page, (members.find(view, one.old_id), members.find(view, one.kept_id)))
    own = {one.proposed_by, one.proposed_by_member, one.old_id, one.kept_id}
    return Waiting(one, old, kept, not mine & own)


@router.post("")
async def propose(page: Keeps, key: FormKey, form: Annotated[MergeForm, Form()]) -> Response:
    """Merge two rows, or let it wait for a second worker."""
    old, kept = await page.read(
        lambda view: (members.by_number(view, form.old), members.by_number(view, form.kept))
    )
    done = await page.write(
        lambda unit: merges.propose(
            unit, old_id=old.member_id, kept_id=kept.member_id, reason=form.reason, key=key
        )
    )
    if done.state is MergeState.PROPOSED:
        return page.go("/office/merges", "merge-waits")
    return page.go(f"/office/members/{kept.member_id}", "merged")


@router.post("/{merge_id}/confirm")
async def confirm(page: Keeps, merge_id: MergeId, key: FormKey) -> Response:
    """Confirm, as a second worker, that the two are one person."""
    await page.write(lambda unit: merges.confirm(unit, merge_id=merge_id, key=key))
    return page.go("/office/merges", "merged")


@router.post("/{merge_id}/cancel")
async def cancel(page: Keeps, merge_id: MergeId, key: FormKey) -> Response:
    """Take a proposal back, or refuse to confirm it."""
    await page.write(lambda unit: merges.cancel(unit, merge_id=merge_id, key=key))
    return page.go("/office/merges", "merge-cancelled")
