"""Openings: the points that newcomers bring along from before, posted after a second person's yes.

Whoever uploaded the list, and everyone close to them, can't confirm it, nor can whom it benefits
(law 7). What is confirmed is the total of each asset, as it stands after the list was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Index, delete, func, select
from sqlmodel import Field

from creditbank.core.bulk import insert_all, update_all
from creditbank.core.errors import Refused
from creditbank.core.keys import keyed
from creditbank.core.pace import Pace
from creditbank.core.tables import OfBank, table, within_bank
from creditbank.core.units import Actor, Unit, View
from creditbank.core.values import Amount, Posting
from creditbank.identity import arrivals
from creditbank.identity.arrival_states import ARRIVING, ArrivalState
from creditbank.identity.arrivals import Arrival, Newcomer, change, lock, require_within
from creditbank.ledger import chart
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, post_many
from creditbank.people import kin, members, trail
from creditbank.people.members import Status
from creditbank.schemes import rewards, scheme

PACE = Pace(200, most=2_000)


@dataclass(eq=False)
class OwnArrival(Refused):
    """Who uploaded a list, gains by it, or is close to either, does not settle its points."""

    slug = "own-arrival"
    zh = "上传名单的人、名单里的人及其家人不能确认期初积分，请另一位工作人员来办"
    en = "Whoever uploaded the list or is on it, or is close to them, can't confirm its points"


@dataclass(eq=False)
class TotalsMoved(Refused):
    """The totals are others than those that were shown."""

    slug = "totals-moved"
    zh = "合计已变化，请重新核对后再确认"
    en = "The totals have changed; please look at them again"


class OpeningRow(OfBank, table=True):
    """What one newcomer brings along of an asset; ``transfer_id`` once it is posted."""

    __tablename__ = "opening"
    __table_args__ = (
        within_bank(["arrival_id"], "arrival", ["arrival_id"]),
        within_bank(["member_id"], "member", ["member_id"]),
        Index("ix_opening_member", "bank_id", "member_id"),
    )

    arrival_id: str = Field(primary_key=True, max_length=40)
    line: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    asset_code: str = Field(primary_key=True, max_length=16)
    member_id: str = Field(max_length=40)
    units: int = Field(sa_type=BigInteger)
    transfer_id: str | None = Field(max_length=40)


openings = table(OpeningRow)


def put_down(unit: Unit, *, arrival_id: str, newcomers: Mapping[str, Newcomer]) -> None:
    """Write down what new members, by their ids, bring along; nothing is posted."""
    rows = [
        {
            "bank_id": unit.bank_id,
            "arrival_id": arrival_id,
            "line": newcomer.line,
            "asset_code": asset,
            "member_id": member_id,
            "units": units,
            "transfer_id": None,
        }
        for member_id, newcomer in newcomers.items()
        for asset, units in newcomer.openings
    ]
    if rows:
        insert_all(unit, openings, rows)


def totals(view: View, arrival_id: str) -> dict[str, int]:
    """Return what the members of a list bring along, in units by asset."""
    rows = view.rows(
        select(openings.c.asset_code, func.sum(openings.c.units).label("units"))
        .where(openings.c.bank_id == view.bank_id, openings.c.arrival_id == arrival_id)
        .group_by(openings.c.asset_code)
        .order_by(openings.c.asset_code)
    )
    return {row.asset_code: int(row.units) for row in rows}


@keyed
def confirm(
    unit: Unit,
    *,
    arrival_id: str,
    totals: Mapping[str, int],
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> ArrivalState:
    """Confirm the totals of a written list as a second person; its points are posted then.

    Raises:
        ArrivalNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold in one of its communities.
        StateConflict: it is not written yet, or was settled before.
        OwnArrival: the actor uploaded it, is on it, or is close to who did or is.
        TotalsMoved: the totals are others than those.
    """
    one = _for_second_person(unit, arrival_id)
    state = ArrivalState(ARRIVING.after(one.state, "confirm"))
    if dict(totals) != _totals(unit, arrival_id):
        raise TotalsMoved
    change(unit, arrival_id, state=state, settled_by=unit.actor.id, settled_at=unit.now)
    trail.record(unit, "arrival.confirmed", arrival_id, after={"totals": dict(totals)})
    return state


_totals = totals


@keyed
def decline(
    unit: Unit,
    *,
    arrival_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> ArrivalState:
    """Decline the points of a list; its members stay, nothing is posted.

    Raises:
        ArrivalNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold in one of its communities.
        StateConflict: it is not written yet, or was settled before.
    """
    one = lock(unit, arrival_id)
    require_within(unit.actor, one)
    state = ArrivalState(ARRIVING.after(one.state, "decline"))
    change(unit, arrival_id, state=state, settled_by=unit.actor.id, settled_at=unit.now)
    at = (openings.c.bank_id == unit.bank_id, openings.c.arrival_id == arrival_id)
    unit.run(delete(openings).where(*at))
    trail.record(unit, "arrival.declined", arrival_id)
    return state


def _for_second_person(unit: Unit, arrival_id: str) -> Arrival:
    one = lock(unit, arrival_id)
    require_within(unit.actor, one)
    mine = kin.of_actor(unit, unit.actor)
    if mine & {one.uploaded_by, one.uploaded_by_member} or _benefits(unit, arrival_id, mine):
        raise OwnArrival
    return one


def _benefits(view: View, arrival_id: str, ids: frozenset[str]) -> bool:
    row = view.row(
        select(openings.c.line)
        .where(
            openings.c.bank_id == view.bank_id,
            openings.c.arrival_id == arrival_id,
            openings.c.member_id.in_(sorted(ids)),
        )
        .limit(1)
    )
    return row is not None


def may_settle(view: View, one: Arrival, ids: frozenset[str]) -> bool:
    """Tell whether somebody, known by these ids with all who are close, may confirm a list."""
    return not (ids & {one.uploaded_by, one.uploaded_by_member}) and not _benefits(
        view, one.arrival_id, ids
    )


def awaiting(view: View, actor: Actor, within: tuple[str, ...] | None) -> int:
    """Return how many lists wait for somebody's yes, in the communities where they may give it."""
    waiting = [
        one
        for one in arrivals.in_state(view, ArrivalState.AWAITING)
        if within is None or set(one.community_ids) <= set(within)
    ]
    mine = kin.of_actor(view, actor) if waiting else frozenset()
    return sum(may_settle(view, one, mine) for one in waiting)


def post_next(unit: Unit, one: Arrival, *, after: int = 0) -> int | None:
    """Post the next points of a confirmed list in one set, from a line on (0 is the beginning).

    Returns the line to go on from, None when nothing was left. Who was merged meanwhile gets them
    on the row that goes on; who has left gets none.
    """
    rows = unit.rows(
        select(openings)
        .where(
            openings.c.bank_id == unit.bank_id,
            openings.c.arrival_id == one.arrival_id,
            openings.c.line >= after,
            openings.c.transfer_id.is_(None),
        )
        .order_by(openings.c.line, openings.c.asset_code)
        .limit(PACE.size)
    )
    if not rows:
        return None
    with PACE.timed(len(rows)):
        _post(unit, one, rows)
    return int(rows[-1].line)


def posted(view: View, arrival_id: str) -> tuple[int, int]:
    """Return how many of a list's openings are posted, and how many there are."""
    of = openings.c
    row = view.row(
        select(func.count(of.transfer_id).label("posted"), func.count().label("many")).where(
            of.bank_id == view.bank_id, of.arrival_id == arrival_id
        )
    )
    return (0, 0) if row is None else (int(row.posted), int(row.many))


def _post(unit: Unit, one: Arrival, rows: Sequence[Any]) -> None:
    assert one.settled_at is not None, "what is posted was confirmed"
    heirs = _heirs(unit, {row.member_id for row in rows})
    rules, last = scheme.current(unit), {}
    for asset in {row.asset_code for row in rows}:
        last[asset] = rewards.expires_on(unit.today, rules.of_asset(asset).validity_months)
    drafts: dict[tuple[int, str], Draft] = {}
    for row in rows:
        heir, asset = heirs[row.member_id], row.asset_code
        if heir is None:
            continue
        amount = Amount(row.units, asset)
        drafts[row.line, asset] = Draft(
            Kind.OPENING,
            f"arrival/{one.arrival_id}/{row.line}/{asset}",
            one.settled_at,
            (Posting(chart.ISSUANCE, chart.member(heir), amount, last[asset]),),
            refers_to=one.arrival_id,
        )
    done = post_many(unit, list(drafts.values())) if drafts else []
    posted = {place: each.transfer_id for place, each in zip(drafts, done, strict=True)}
    update_all(
        unit,
        openings,
        [
            {
                "bank_id": unit.bank_id,
                "arrival_id": one.arrival_id,
                "line": row.line,
                "asset_code": row.asset_code,
                "transfer_id": posted.get((row.line, row.asset_code), ""),
            }
            for row in rows
        ],
    )


def _heirs(unit: Unit, member_ids: set[str]) -> dict[str, str | None]:
    """Lock members, and return for each the row that goes on; None for who has left."""
    seen = _going_on(unit, member_ids)
    locked = members.lock(unit, member_ids | set(seen.values()))
    gone = {Status.CLOSED, Status.REFUSED}
    return {one: None if locked[heir].status in gone else heir for one, heir in seen.items()}


def _going_on(view: View, member_ids: set[str]) -> dict[str, str]:
    """Return for each member the row they go on with; it can have been merged in turn."""
    of = members.members.c
    merged: dict[str, str] = {}
    asked = member_ids
    while asked:
        rows = view.rows(
            select(of.member_id, of.merged_into).where(
                of.bank_id == view.bank_id,
                of.member_id.in_(sorted(asked)),
                of.merged_into.is_not(None),
            )
        )
        merged |= {row.member_id: row.merged_into for row in rows}
        asked = {row.merged_into for row in rows} - merged.keys()
    last = {one: one for one in member_ids}
    while any(one in merged for one in last.values()):
        last = {one: merged.get(heir, heir) for one, heir in last.items()}
    return last
