"""Details: what a need is about in more words, and whom to ask; for who is signed in.

Words of need and numbers of people are personal, so both are sealed with a key of their own that
is nobody else's; tasks that were written down together share it. They go when whom the task
helps, or who wrote it down, is forgotten, and a hundred days after the task: whoever could still
dispute what came of it has no use for them then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete, insert, select
from sqlmodel import Field

from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, table, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.people import communities, trail
from creditbank.tasks import repeats, tasks
from creditbank.tasks.errors import TaskNotFound

DESCRIPTION_MOST = 500
CONTACT_MOST = 80
KEPT = timedelta(days=100)
FORGOTTEN_AT_ONCE = 200
_SEALED_MOST = 3000

DESCRIPTION = "task-description"
CONTACT = "task-contact"


class DetailRow(OfBank, table=True):
    """What a task says in more words; both texts are sealed with the key of ``key_id``."""

    __tablename__ = "task_detail"
    __table_args__ = (within_bank(["task_id"], "task", ["task_id"]),)

    task_id: str = Field(primary_key=True, max_length=40)
    key_id: str = Field(max_length=40)
    description: str | None = Field(max_length=_SEALED_MOST)
    contact: str | None = Field(max_length=_SEALED_MOST)


details = table(DetailRow)


@dataclass(frozen=True, slots=True)
class Detail:
    """What a task says in more words, and whom to ask; never part of an answer that a key keeps."""

    description: str | None = field(default=None, repr=False)
    contact: str | None = field(default=None, repr=False)


@keyed
def put(
    unit: Unit,
    *,
    task_ids: Sequence[str],
    key: str,  # noqa: ARG001 - the key is @keyed's
    description: str | None = None,
    contact: str | None = None,
) -> int:
    """Write down what some tasks say in more words, in place of what they said; return how many.

    Raises:
        BadField: a text is unusable, or there are too many tasks.
        TaskNotFound: this bank has none of one of these ids.
        OtherCommunity: the actor's role does not hold where one is.
    """
    wanted = sorted(set(task_ids))
    if not 1 <= len(wanted) <= repeats.COUNT_MOST:
        raise BadField("task_ids", f"1–{repeats.COUNT_MOST}")
    said = _prose(description), contact and line("contact", contact, CONTACT_MOST)
    of = tasks.tasks.c
    rows = unit.rows(
        select(of.task_id, of.community_id)
        .where(of.bank_id == unit.bank_id, of.task_id.in_(wanted))
        .order_by(of.task_id)
        .with_for_update(key_share=True)
    )
    found = {row.task_id: row.community_id for row in rows}
    for one in wanted:
        if one not in found:
            raise TaskNotFound(one)
        communities.require_within(unit.actor, found[one])
    for one in wanted if any(said) else sorted(of_tasks(unit, wanted)):
        trail.record(unit, "task.described", one)
    unit.run(
        delete(details).where(details.c.bank_id == unit.bank_id, details.c.task_id.in_(wanted))
    )
    if any(said):
        key_id = unit.vault.new_key()
        sealed = [
            None if text is None else unit.vault.seal(key_id, what, text)
            for what, text in zip((DESCRIPTION, CONTACT), said, strict=True)
        ]
        unit.run(
            insert(details),
            [
                {
                    "bank_id": unit.bank_id,
                    "task_id": one,
                    "key_id": key_id,
                    "description": sealed[0],
                    "contact": sealed[1],
                }
                for one in wanted
            ],
        )
    return len(wanted)


def forget_old(unit: Unit, *, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Drop what up to ``limit`` tasks that are long over said in more words; return how many."""
    of = tasks.tasks.c
    rows = unit.rows(
        select(details.c.task_id)
        .join(tasks.tasks, (of.bank_id == details.c.bank_id) & (of.task_id == details.c.task_id))
        .where(details.c.bank_id == unit.bank_id, of.ends_at < unit.now - KEPT)
        .order_by(details.c.task_id)
        .limit(limit)
    )
    old = [row.task_id for row in rows]
    if old:
        unit.run(
            delete(details).where(details.c.bank_id == unit.bank_id, details.c.task_id.in_(old))
        )
    return len(old)


def _prose(text: str | None) -> str | None:
    """Return a text of several lines as it is kept.

    Raises:
        BadField: it is too long, or has other control characters than line breaks.
    """
    kept = (text or "").strip()
    if len(kept) > DESCRIPTION_MOST:
        raise BadField(
            "description", f"≤ {DESCRIPTION_MOST} characters / 不超过 {DESCRIPTION_MOST} 字"
        )
    if any(one < " " and one != "\n" for one in kept):
        raise BadField("description", "plain text / 只能是文字")
    return kept or None


def of_tasks(view: View, task_ids: Iterable[str]) -> dict[str, Detail]:
    """Return what these tasks say in more words; those that say no more are left out."""
    rows = view.rows(
        select(details).where(
            details.c.bank_id == view.bank_id, details.c.task_id.in_(sorted(set(task_ids)))
        )
    )

    def plain(key_id: str, what: str, sealed: str | None) -> str | None:
        return None if sealed is None else view.vault.unseal(key_id, what, sealed)

    return {
        row.task_id: Detail(
            plain(row.key_id, DESCRIPTION, row.description),
            plain(row.key_id, CONTACT, row.contact),
        )
        for row in rows
    }


def of_task(view: View, task_id: str) -> Detail:
    """Return what a task says in more words; nothing if it says no more."""
    return of_tasks(view, [task_id]).get(task_id, Detail())
