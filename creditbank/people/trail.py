"""The trail: who did what to people, roles, tasks, schemes and offers. Written once, never changed.

Before and after are kept as JSON; what concerns a person is sealed with that person's key, so
that a forgotten person is forgotten here, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import ColumnElement, Index, select
from sqlmodel import Field

from creditbank.core.bulk import insert_all
from creditbank.core.tables import OfBank, UtcDateTime, table, to_bank
from creditbank.core.units import Unit, View
from creditbank.people import persons

PAGE_MOST = 200

_CHANGE = "deed"
_WHAT = re.compile(r"[a-z-]+\.[a-z-]+")
_CHANGE_MOST = 6000


class DeedRow(OfBank, table=True):
    """One deed; ``change`` is JSON, sealed if it has a subject."""

    __tablename__ = "deed"
    __table_args__ = (
        to_bank(),
        Index("ix_deed_done_at", "bank_id", "done_at", "deed_id"),
        Index("ix_deed_object", "bank_id", "object_id", "done_at"),
        Index("ix_deed_subject", "bank_id", "subject_id", "done_at"),
    )

    deed_id: str = Field(primary_key=True, max_length=40)
    done_at: datetime = Field(sa_type=UtcDateTime)
    actor_id: str = Field(max_length=64)
    role: str = Field(max_length=20)
    via: str | None = Field(max_length=40)
    what: str = Field(max_length=40)
    object_id: str = Field(max_length=64)
    subject_id: str | None = Field(max_length=40)
    change: str | None = Field(max_length=_CHANGE_MOST)


deeds = table(DeedRow)


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did what, when, to what; ``change`` holds what was before and after, if still known."""

    deed_id: str
    done_at: datetime
    actor_id: str
    role: str
    via: str | None
    what: str
    object_id: str
    subject_id: str | None
    change: Mapping[str, Any] | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """Deeds, newest first; ``older_than`` asks for the next page, None on the last one."""

    deeds: tuple[Deed, ...]
    older_than: str | None


def record(
    unit: Unit,
    what: str,
    object_id: str,
    *,
    subject_id: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write a deed of the unit's actor down; ``subject_id`` is the person it concerns.

    ``what`` is a thing and what became of it: ``member.suspended``.

    Raises:
        PersonNotFound: nothing is known of the subject (any more).
    """
    change = None
    if before is not None or after is not None:
        change = _json(before, after)
        if subject_id is not None:
            change = persons.seal(unit, subject_id, _CHANGE, change)
    insert_all(unit, deeds, [_row(unit, what, object_id, subject_id, change)])


def record_each(unit: Unit, what: str, after: Mapping[str, Mapping[str, Any] | None]) -> None:
    """Write the same deed to several people down, with what each of them has after it.

    Raises:
        PersonNotFound: nothing is known of one of them (any more).
    """
    said = {one: _json(None, theirs) for one, theirs in after.items() if theirs is not None}
    sealed = persons.seal_each(unit, _CHANGE, said) if said else {}
    insert_all(unit, deeds, [_row(unit, what, one, one, sealed.get(one)) for one in after])


def _json(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    said = to_jsonable_python({"before": before, "after": after})
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _row(
    unit: Unit, what: str, object_id: str, subject_id: str | None, change: str | None
) -> dict[str, Any]:
    assert _WHAT.fullmatch(what), what
    return {
        "bank_id": unit.bank_id,
        "deed_id": unit.new_id("ded"),
        "done_at": unit.now,
        "actor_id": unit.actor.id,
        "role": unit.actor.role,
        "via": unit.actor.via,
        "what": what,
        "object_id": object_id,
        "subject_id": subject_id,
        "change": change,
    }


def listing(
    view: View,
    *,
    what: str | None = None,
    object_id: str | None = None,
    subject_id: str | None = None,
    about: ColumnElement[bool] | None = None,
    older_than: str | None = None,
    limit: int = 50,
) -> Page:
    """Return deeds, newest first: all, those of one kind, to one object, or about one person.

    ``about`` says which: only what concerns one of these.
    """
    query = select(deeds).where(deeds.c.bank_id == view.bank_id)
    if what is not None:
        query = query.where(deeds.c.what == what)
    if object_id is not None:
        query = query.where(deeds.c.object_id == object_id)
    if subject_id is not None:
        query = query.where(deeds.c.subject_id == subject_id)
    if about is not None:
        query = query.where(about)
    if older_than is not None:
        at = _done_at(view, older_than)
        if at is None:
            return Page((), None)
        older = (deeds.c.done_at == at) & (deeds.c.deed_id < older_than)
        query = query.where((deeds.c.done_at < at) | older)
    limit = min(limit, PAGE_MOST)
    newest = (deeds.c.done_at.desc(), deeds.c.deed_id.desc())
    rows = view.rows(query.order_by(*newest).limit(limit + 1))
    shown = tuple(
        Deed(
            row.deed_id,
            row.done_at,
            row.actor_id,
            row.role,
            row.via,
            row.what,
            row.object_id,
            row.subject_id,
            _change(view, row.subject_id, row.change),
        )
        for row in rows[:limit]
    )
    return Page(shown, shown[-1].deed_id if len(rows) > limit else None)


def has_done(
    view: View, actor_id: str, what: Iterable[str], *, subject_id: str, since: datetime
) -> bool:
    """Tell whether somebody did one of these to a person after an instant."""
    row = view.row(
        select(deeds.c.deed_id).where(
            deeds.c.bank_id == view.bank_id,
            deeds.c.subject_id == subject_id,
            deeds.c.done_at > since,
            deeds.c.actor_id == actor_id,
            deeds.c.what.in_(sorted(what)),
        )
    )
    return row is not None


def _done_at(view: View, deed_id: str) -> datetime | None:
    row = view.row(
        select(deeds.c.done_at).where(deeds.c.bank_id == view.bank_id, deeds.c.deed_id == deed_id)
    )
    return None if row is None else row.done_at


def _change(view: View, subject_id: str | None, kept: str | None) -> Mapping[str, Any] | None:
    if kept is None:
        return None
    plain = kept if subject_id is None else persons.unseal(view, subject_id, _CHANGE, kept)
    return None if plain is None else json.loads(plain)
