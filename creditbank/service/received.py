"""Received services: what was done for a member, to be confirmed and to be thanked for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from creditbank.core.units import View
from creditbank.service import confirmations, thanks
from creditbank.service.attendance_errors import NotBeneficiary
from creditbank.service.confirmations import Confirmation
from creditbank.tasks import claims, tasks
from creditbank.tasks.claims import Claim
from creditbank.tasks.states import AWAITING_REVIEW, ClaimState
from creditbank.tasks.tasks import Task

SHOWN_MOST = 50


@dataclass(frozen=True, slots=True)
class Received:
    """A service that was done for a member; ``is_thanked`` by them already."""

    claim: Claim
    task: Task
    confirmation: Confirmation | None
    is_thanked: bool

    @property
    def waits_for_word(self) -> bool:
        """Whether it can be confirmed now, and nothing was said yet."""
        return self.claim.state in AWAITING_REVIEW and self.confirmation is None

    @property
    def waits_for_thanks(self) -> bool:
        """Whether thanks can be written now, and none were."""
        return self.claim.state is ClaimState.APPROVED and not self.is_thanked


def of_member(view: View, member_id: str, limit: int = SHOWN_MOST) -> list[Received]:
    """Return the services that were done for a member, the latest first."""
    of, at = claims.claims.c, tasks.tasks.c
    rows = view.rows(
        select(claims.claims)
        .join(tasks.tasks, (at.bank_id == of.bank_id) & (at.task_id == of.task_id))
        .where(
            of.bank_id == view.bank_id,
            at.beneficiary_id == member_id,
            of.member_id != member_id,
            of.state.in_([*AWAITING_REVIEW, ClaimState.APPROVED]),
        )
        .order_by(of.signed_out_at.desc(), of.claim_id.desc())
        .limit(limit)
    )
    found = [claims.read(row) for row in rows]
    return _with_words(view, member_id, found)


def find(view: View, member_id: str, claim_id: str) -> Received:
    """Return a service that was done for a member.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotBeneficiary: it was not for them.
    """
    found = claims.find(view, claim_id)
    task = tasks.find(view, found.task_id)
    if task.beneficiary_id != member_id or found.member_id == member_id:
        raise NotBeneficiary(claim_id)
    return _with_words(view, member_id, [found])[0]


def _with_words(view: View, member_id: str, several: list[Claim]) -> list[Received]:
    named = {one.task_id for one in several}
    of = tasks.tasks.c
    known = {one.task_id: one for one in tasks.chosen(view, of.task_id.in_(sorted(named)))}
    said = thanks.thanks.c
    rows = view.rows(
        select(said.claim_id).where(
            said.bank_id == view.bank_id,
            said.written_by_member == member_id,
            said.claim_id.in_([one.claim_id for one in several]),
        )
    )
    thanked = {row.claim_id for row in rows}
    return [
        Received(
            one,
            known[one.task_id],
            confirmations.of_claim(view, one.claim_id),
            one.claim_id in thanked,
        )
        for one in several
    ]
