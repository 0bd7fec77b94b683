"""The three lists (三张清单): needs, resources and projects of a community, in one table.

A resident raises an entry for their community; the office raises it for a resident, in the name
of an organisation on duty, or in its own. Details and reasons are sealed: with the key of the
resident who raised the entry, else with a key of the entry's own. Every entry that is not ended
has a day by which somebody in the office is to go on with it; what is late stands first.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Row, and_, false, insert, or_, select, update
from sqlmodel import Field

from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.states import Machine, Verb
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.lists import organisations, rota
from creditbank.lists.entry_errors import EntryNotFound
from creditbank.people import communities, members, persons, trail
from creditbank.people.errors import OtherCommunity, PersonNotFound

TITLE_MOST = 80
DETAILS_MOST = 200
PAGE_MOST = 200
TRIAGE_DAYS = 7
ACCEPTED_DAYS = 30
DETAILS, REASON = "entry-details", "entry-reason"


class EntryKind(StrEnum):
    """On which list an entry stands: 需求, 资源, 项目."""

    NEED = "need"
    RESOURCE = "resource"
    PROJECT = "project"


class EntryState(StrEnum):
    """Where an entry stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    TASKED = "tasked"
    CLOSED = "closed"


_ORGANISER = ("组织者", "the organiser")
ENTRY = Machine(
    thing="entry",
    thing_zh="这条清单",
    states={
        EntryState.OPEN: "待受理",
        EntryState.ACCEPTED: "已受理",
        EntryState.TASKED: "已转为任务",
        EntryState.CLOSED: "已办结",
    },
    verbs={
        "accept": Verb("受理", "accept it", *_ORGANISER),
        "publish": Verb("转为任务", "publish a task for it", *_ORGANISER),
        "close": Verb("办结", "close it with a reason", *_ORGANISER),
    },
    moves={
        (EntryState.OPEN, "accept"): EntryState.ACCEPTED,
        (EntryState.OPEN, "publish"): EntryState.TASKED,
        (EntryState.OPEN, "close"): EntryState.CLOSED,
        (EntryState.ACCEPTED, "publish"): EntryState.TASKED,
        (EntryState.ACCEPTED, "close"): EntryState.CLOSED,
    },
)


class EntryRow(OfBank, table=True):
    """One entry; ``key_id`` is its own key if no resident raised it.

    ``on_duty_id`` is the organisation that was on duty when it was raised, ``organisation_id`` the
    one in whose name it was.
    """

    __tablename__ = "list_entry"
    __table_args__ = (
        within_bank(["community_id"], "community", ["community_id"]),
        within_bank(["raiser_member_id"], "member", ["member_id"]),
        within_bank(["organisation_id"], "organisation", ["organisation_id"]),
        within_bank(["on_duty_id"], "organisation", ["organisation_id"]),
        within_bank(["task_id"], "task", ["task_id"]),
        Index("ix_list_entry_due", "bank_id", "ended", "due_at", "entry_id"),
        Index("ix_list_entry_raiser", "bank_id", "raiser_member_id", "entry_id"),
    )

    entry_id: str = Field(primary_key=True, max_length=40)
    kind: str = Field(max_length=16)
    title: str = Field(max_length=TITLE_MOST)
    details: str | None = Field(max_length=persons.SEALED_MOST)
    key_id: str | None = Field(max_length=40)
    community_id: str = Field(max_length=40)
    raiser_member_id: str | None = Field(max_length=40)
    organisation_id: str | None = Field(max_length=40)
    raised_by: str = Field(max_length=64)
    raised_at: datetime = Field(sa_type=UtcDateTime)
    on_duty_id: str | None = Field(max_length=40)
    state: str = Field(max_length=16)
    ended: bool
    due_at: datetime = Field(sa_type=UtcDateTime)
    task_id: str | None = Field(max_length=40)
    decided_at: datetime | None = Field(sa_type=UtcDateTime)
    decided_by: str | None = Field(max_length=64)
    reason: str | None = Field(max_length=persons.SEALED_MOST)


entries = table(EntryRow)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry; ``details`` and ``reason`` are sealed."""

    entry_id: str
    kind: EntryKind
    title: str
    details: str | None
    key_id: str | None
    community_id: str
    raiser_member_id: str | None
    organisation_id: str | None
    raised_by: str
    raised_at: datetime
    on_duty_id: str | None
    state: EntryState
    ended: bool
    due_at: datetime
    task_id: str | None
    decided_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Entries: those that are late or due next first; ``after`` asks for the next page."""

    entries: tuple[Entry, ...]
    after: str | None


@keyed
def enter(
    unit: Unit,
    *,
    kind: EntryKind,
    title: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    details: str | None = None,
    community_id: str | None = None,
    raiser_member_id: str | None = None,
    organisation_id: str | None = None,
) -> str:
    """Put an entry on a list and return its id.

    A resident raises it in their own community, and for themselves.

    Raises:
        BadField: a text is unusable, the community is missing, or it is raised for two.
        NotYours: a resident raises it for somebody else, or in an organisation's name.
        CommunityNotFound, MemberNotFound, OrganisationNotFound: this bank has none of this id.
        OtherCommunity: it is another community than the resident's, or the actor's role does not
            hold there.
        MemberSuspended: the resident may not act now.
        OrganisationRetired: the organisation takes no more turns.
    """
    if raiser_member_id is not None and organisation_id is not None:
        raise BadField("organisation_id", "a member or an organisation / 居民与单位只能填其一")
    where = _where(unit, community_id, raiser_member_id, organisation_id)
    said = None if details is None else line("details", details, DETAILS_MOST)
    key_id = None
    if raiser_member_id is None and said is not None:
        key_id = unit.vault.new_key()
    entry_id = unit.new_id("ent")
    blank = dict.fromkeys(column.name for column in entries.columns)
    made = {
        "bank_id": unit.bank_id,
        "entry_id": entry_id,
        "kind": kind,
        "title": line("title", title, TITLE_MOST),
        "key_id": key_id,
        "details": None if said is None else _sealed(unit, raiser_member_id, key_id, DETAILS, said),
        "community_id": where,
        "raiser_member_id": raiser_member_id,
        "organisation_id": organisation_id,
        "raised_by": unit.actor.id,
        "raised_at": unit.now,
        "on_duty_id": rota.on_duty(unit, where, unit.today).organisation_id,
        "state": EntryState.OPEN,
        "ended": False,
        "due_at": unit.now + timedelta(days=TRIAGE_DAYS),
    }
    unit.run(insert(entries), blank | made)
    trail.record(unit, "entry.raised", entry_id, subject_id=raiser_member_id)
    return entry_id


def _where(
    unit: Unit,
    community_id: str | None,
    raiser_member_id: str | None,
    organisation_id: str | None,
) -> str:
    """Return the community of a new entry, having seen that the actor may raise it there."""
    if unit.actor.role == members.MEMBER_ROLE and raiser_member_id is None:
        raise BadField("raiser_member_id", "is missing / 未填写")
    if organisation_id is not None:
        organisations.require_active(unit, organisation_id)
    if raiser_member_id is None:
        if community_id is None:
            raise BadField("community_id", "is missing / 未填写")
        where = communities.find(unit, community_id).community_id
    else:
        members.require_own(unit.actor, raiser_member_id)
        where = members.require_active(unit, raiser_member_id).community_id
        if community_id not in {None, where}:
            raise OtherCommunity
    communities.require_within(unit.actor, where)
    return where


def _sealed(unit: Unit, member_id: str | None, key_id: str | None, what: str, said: str) -> str:
    if member_id is not None:
        return persons.seal(unit, member_id, what, said)
    assert key_id is not None, "nobody's text has a key of its own"
    return unit.vault.seal(key_id, what, said)


def decide(
    unit: Unit,
    found: Entry,
    verb: str,
    *,
    reason: str | None = None,
    task_id: str | None = None,
) -> EntryState:
    """Do a verb of `ENTRY` on an entry that this unit has locked, and keep what came of it.

    Raises:
        StateConflict: its state does not admit the verb.
    """
    state = EntryState(ENTRY.after(found.state, verb))
    key_id = found.key_id
    if found.raiser_member_id is None and reason is not None and key_id is None:
        key_id = unit.vault.new_key()
    sealed = None
    if reason is not None:
        with suppress(PersonNotFound):  # who raised it was forgotten: nobody is left to read it
            sealed = _sealed(unit, found.raiser_member_id, key_id, REASON, reason)
    due_at = found.due_at
    if state is EntryState.ACCEPTED:
        due_at = unit.now + timedelta(days=ACCEPTED_DAYS)
    unit.run(
        update(entries)
        .where(entries.c.bank_id == unit.bank_id, entries.c.entry_id == found.entry_id)
        .values(
            state=state,
            ended=ENTRY.final(state),
            due_at=due_at,
            task_id=task_id,
            key_id=key_id,
            reason=sealed,
            decided_at=unit.now,
            decided_by=unit.actor.id,
        )
    )
    return state


def plain(view: View, found: Entry, what: str) -> str | None:
    """Return the details or the reason of an entry in plain words, if they can still be read."""
    sealed = found.details if what == DETAILS else found.reason
    if found.raiser_member_id is not None:
        return persons.unseal(view, found.raiser_member_id, what, sealed)
    if sealed is None or found.key_id is None:
        return None
    return view.vault.unseal(found.key_id, what, sealed)


def lock_own(unit: Unit, entry_id: str) -> Entry:
    """Lock an entry of the communities where the actor's role holds, and return it.

    Raises:
        EntryNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
    """
    found = _find(unit, entry_id, lock=True)
    communities.require_within(unit.actor, found.community_id)
    return found


def find(view: View, entry_id: str) -> Entry:
    """Return an entry.

    Raises:
        EntryNotFound: this bank has none of this id.
    """
    return _find(view, entry_id, lock=False)


def _find(view: View, entry_id: str, *, lock: bool) -> Entry:
    query = select(entries).where(entries.c.bank_id == view.bank_id, entries.c.entry_id == entry_id)
    row = view.row(query.with_for_update(key_share=True) if lock else query)
    if row is None:
        raise EntryNotFound(entry_id)
    return read(row)


def read(row: Row[Any]) -> Entry:
    """Return a stored entry as a value."""
    return Entry(
        row.entry_id,
        EntryKind(row.kind),
        row.title,
        row.details,
        row.key_id,
        row.community_id,
        row.raiser_member_id,
        row.organisation_id,
        row.raised_by,
        row.raised_at,
        row.on_duty_id,
        EntryState(row.state),
        row.ended,
        row.due_at,
        row.task_id,
        row.decided_at,
        row.reason,
    )


def listing(
    view: View,
    *,
    kind: EntryKind | None = None,
    state: EntryState | None = None,
    within: tuple[str, ...] | None = None,
    raiser_member_id: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Return entries: first what goes on, by when it is due, then what has ended.

    ``within`` leaves those of some communities; ``after`` is the ``after`` of the page before.

    Raises:
        EntryNotFound: ``after`` is no entry of this bank.
    """
    of, limit = entries.c, min(limit, PAGE_MOST)
    query = select(entries).where(of.bank_id == view.bank_id)
    for column, wanted in ((of.kind, kind), (of.state, state)):
        query = query if wanted is None else query.where(column == wanted)
    if within is not None:
        query = query.where(of.community_id.in_(within))
    if raiser_member_id is not None:
        query = query.where(of.raiser_member_id == raiser_member_id)
    if after is not None:
        last = find(view, after)
        later = or_(
            of.due_at > last.due_at, and_(of.due_at == last.due_at, of.entry_id > last.entry_id)
        )
        ended = false() if last.ended else of.ended.is_(True)
        query = query.where(or_(and_(of.ended.is_(last.ended), later), ended))
    rows = view.rows(query.order_by(of.ended, of.due_at, of.entry_id).limit(limit + 1))
    shown = tuple(read(row) for row in rows[:limit])
    return Page(shown, shown[-1].entry_id if len(rows) > limit else None)
