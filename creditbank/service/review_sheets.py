"""Review sheets: what a reviewer sees of a service before deciding about it.

What is odd, how much evidence there is, what a dispute says, whether it is late, who reviews it;
and of one service what an approval would bring now, with what a cap would take away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from creditbank.core.units import Actor, View
from creditbank.service import crediting, reviewers, reviews, screening, sights
from creditbank.service.crediting import Preview
from creditbank.service.reviewers import Pool
from creditbank.tasks import claims, tasks
from creditbank.tasks.claims import Claim
from creditbank.tasks.states import AWAITING_REVIEW


@dataclass(frozen=True, slots=True)
class Said:
    """A flag in words."""

    word: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A claim with what its reviewer should know; ``photos`` are all of its task."""

    claim: Claim
    flags: tuple[Said, ...]
    photos: int
    late: bool


@dataclass(frozen=True, slots=True)
class Before:
    """One sheet, and what an approval would bring; None while there is nothing to approve."""

    sheet: Sheet
    reviewed_by: Pool
    preview: Preview | None


def several(view: View, wanted: Iterable[Claim]) -> list[Sheet]:
    """Return the sheets of claims, in their order, for those who may read them."""
    plain = reviews.with_reasons(view, wanted)
    odd = sights.flags_of(view, plain)
    pictures = sights.photos_at(view, {one.task_id for one in plain})
    return [
        Sheet(
            one,
            tuple(said(word) for word in dict.fromkeys((*one.flags, *odd.get(one.claim_id, ())))),
            pictures.get(one.task_id, 0),
            reviewers.is_late(view, one),
        )
        for one in plain
    ]


def of(view: View, actor: Actor, claim_id: str, minutes: int | None = None) -> Before:
    """Return the sheet of one claim, and what approving it for so many minutes would bring.

    Raises:
        ClaimNotFound: this bank has none of this id.
        OtherCommunity: the actor may not review there.
    """
    found = claims.find(view, claim_id)
    task = tasks.find(view, found.task_id)
    reviewers.require(view, actor, task, found)
    [sheet] = several(view, [found])
    preview = None
    if found.state in AWAITING_REVIEW and found.measured_minutes is not None:
        counted = min(minutes or found.measured_minutes, found.measured_minutes)
        preview = crediting.preview(view, task, found, counted)
    return Before(sheet, reviewers.pool(view, task.community_id), preview)


def said(word: str) -> Said:
    """Return a flag in words: one of the screening, or a mark of the attendance."""
    one = screening.FLAGS.get(word)
    if one is not None:
        return Said(one.word, one.zh, one.en)
    zh, en = _MARKS.get(word, (word, word))
    return Said(word, zh, en)


_MARKS = {
    "forced": ("没有签退，系统按结束时间签退", "did not sign out: the clock did, at the end"),
}
