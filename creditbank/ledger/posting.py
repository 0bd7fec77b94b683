"""Posting: the only writer of transfers and postings.

``post_many`` is the one way in: it locks every account of the set at once in ascending order,
records the transfers whose keys are new, checks floors and ceilings under the lock, and keeps on
each posting the version and balance it leaves. A transfer's key works once per bank.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat

from sqlalchemy import select

from creditbank.core.bulk import insert_all, insert_new, update_all
from creditbank.core.errors import (
    AlreadyReversed,
    CeilingReached,
    InsufficientPoints,
    KeyReused,
    NotReversible,
    TransferNotFound,
)
from creditbank.core.keys import content_hash
from creditbank.core.units import Unit, View
from creditbank.core.values import UNITS_MOST, Amount, Posting
from creditbank.ledger import chart
from creditbank.ledger.accounts import Locked, Place, lock
from creditbank.ledger.books import accounts, postings, transfers
from creditbank.ledger.chart import Kind


@dataclass(frozen=True, slots=True)
class Draft:
    """A transfer to be: what happened, when, and under which key.

    ``refers_to`` is the id of what it is about; ``period_id`` the period its earnings count to.
    Where postings are computed from the state of the books, ``said`` is what the caller said:
    a key's content is never anything computed.
    """

    kind: Kind
    key: str
    occurred_at: datetime
    postings: tuple[Posting, ...]
    refers_to: str | None = None
    reverses: str | None = None
    period_id: str | None = None
    said: tuple[object, ...] | None = None

    def content_hash(self) -> str:
        """Return the hash of what the caller said; dates of expiry are computed, so not of them."""
        return content_hash(
            "transfer",
            {
                "kind": self.kind,
                "occurred_at": self.occurred_at.astimezone(UTC).isoformat(),
                "postings": self.said
                if self.said is not None
                else [
                    [one.source, one.destination, one.amount.units, one.amount.asset]
                    for one in self.postings
                ],
                "refers_to": self.refers_to,
                "reverses": self.reverses,
            },
        )


@dataclass(frozen=True, slots=True)
class Transfer:
    """A recorded transfer; ``replayed`` when its key had been used for the same before."""

    transfer_id: str
    kind: Kind
    occurred_at: datetime
    recorded_at: datetime
    postings: tuple[Posting, ...]
    refers_to: str | None
    reverses: str | None
    replayed: bool = False


def post(unit: Unit, draft: Draft, *, held: Mapping[Place, Locked] | None = None) -> Transfer:
    """Record one transfer; see `post_many`."""
    return post_many(unit, [draft], held=held)[0]


def post_many(
    unit: Unit,
    drafts: Sequence[Draft],
    *,
    held: Mapping[Place, Locked] | None = None,
    units: Sequence[Unit] | None = None,
) -> list[Transfer]:
    """Record transfers in the order given, all or none.

    A key that was used for the same content gives back the first transfer and moves nothing.
    Floors and ceilings are checked before anything is written, so that a caller may decline.
    ``held`` are all accounts of the drafts, where this unit has locked them and moved nothing yet.
    ``units`` are those of the set, one a draft, where each has its own.

    Raises:
        KeyReused: a key was used for other content.
        AlreadyReversed: what a draft reverses was reversed before.
        InsufficientPoints: a source would fall below its floor.
        CeilingReached: a destination would rise above its ceiling.
        AssetNotFound: the bank has no such asset.
        BadAddress: the chart has no such address.
    """
    assert all(draft.postings for draft in drafts), "a transfer has at least one posting"
    by_key = _by_key(drafts)
    places = places_of(drafts)
    locked = lock(unit, places) if held is None else dict(held)
    recorded_at = max([unit.now, *(one.recorded_at for one in locked.values())])
    of = dict(zip((draft.key for draft in drafts), units or repeat(unit), strict=False))
    ids = {key: of[key].new_id("trf") for key in by_key}
    try:
        rows = _rows(unit, by_key.values(), ids, locked)
    except (InsufficientPoints, CeilingReached):
        unknown = _unknown(unit, by_key)
        if len(unknown) == len(by_key):
            raise
        locked = lock(unit, places)
        rows = _rows(unit, unknown, ids, locked)
    fresh = _claim(of, by_key.values(), ids, recorded_at)
    if len(fresh) < len(by_key):  # replays move nothing
        locked = lock(unit, places)
        rows = _rows(unit, [by_key[key] for key in by_key if key in fresh], ids, locked)
    if rows:
        insert_all(unit, postings, rows)
        _keep_balances(unit, locked, rows, recorded_at)
    done = {
        key: Transfer(
            ids[key],
            draft.kind,
            draft.occurred_at,
            recorded_at,
            draft.postings,
            draft.refers_to,
            draft.reverses,
        )
        if key in fresh
        else first_answer(unit, draft)
        for key, draft in by_key.items()
    }
    return [done[draft.key] for draft in drafts]


def places_of(drafts: Sequence[Draft]) -> set[Place]:
    """Return every account that drafts touch."""
    return {
        (address, one.amount.asset)
        for draft in drafts
        for one in draft.postings
        for address in (one.source, one.destination)
    }


def _by_key(drafts: Sequence[Draft]) -> dict[str, Draft]:
    """Return the drafts by key, twins once."""
    by_key: dict[str, Draft] = {}
    for draft in drafts:
        twin = by_key.setdefault(draft.key, draft)
        if twin is not draft and twin.content_hash() != draft.content_hash():
            raise KeyReused(draft.key)
    return by_key


def _unknown(unit: Unit, by_key: Mapping[str, Draft]) -> list[Draft]:
    """Return the drafts whose key is new, and which reverse nothing that was reversed."""
    reversing = [draft.reverses for draft in by_key.values() if draft.reverses is not None]
    found = unit.rows(
        select(transfers.c.key, transfers.c.reverses).where(
            transfers.c.bank_id == unit.bank_id,
            transfers.c.key.in_(sorted(by_key)) | transfers.c.reverses.in_(reversing),
        )
    )
    keys, mended = {row.key for row in found}, {row.reverses for row in found} - {None}
    return [
        draft for key, draft in by_key.items() if key not in keys and draft.reverses not in mended
    ]


def _rows(
    unit: Unit, drafts: Iterable[Draft], ids: Mapping[str, str], locked: dict[Place, Locked]
) -> list[dict[str, object]]:
    return [row for draft in drafts for row in legs(unit.bank_id, ids[draft.key], draft, locked)]


def _claim(
    of: Mapping[str, Unit], drafts: Iterable[Draft], ids: Mapping[str, str], recorded_at: datetime
) -> set[str]:
    """Insert the transfers whose keys are new and return those keys."""
    rows = [
        {
            "bank_id": of[draft.key].bank_id,
            "transfer_id": ids[draft.key],
            "key": draft.key,
            "content_hash": draft.content_hash(),
            "kind": draft.kind,
            "occurred_at": draft.occurred_at,
            "recorded_at": recorded_at,
            "actor_id": of[draft.key].actor.id,
            "refers_to": draft.refers_to,
            "reverses": draft.reverses,
            "period_id": draft.period_id,
        }
        for draft in drafts
    ]
    return insert_new(next(iter(of.values())), transfers, rows, telling=("key",))


def first_answer(unit: Unit, draft: Draft) -> Transfer:
    """Give the transfer that has this draft's key, or say why the draft was not recorded."""
    row = unit.row(
        select(transfers.c.transfer_id, transfers.c.content_hash).where(
            transfers.c.bank_id == unit.bank_id, transfers.c.key == draft.key
        )
    )
    if row is None:
        assert draft.reverses is not None, "only a key or a reversal can conflict"
        raise AlreadyReversed(draft.reverses)
    if row.content_hash != draft.content_hash():
        raise KeyReused(draft.key)
    return find(unit, row.transfer_id, replayed=True)


def legs(
    bank_id: int, transfer_id: str, draft: Draft, locked: dict[Place, Locked]
) -> list[dict[str, object]]:
    """Move the balances in memory, under the lock, and return the rows to insert."""
    rows = []
    for n, one in enumerate(draft.postings, start=1):
        units, asset = one.amount.units, one.amount.asset
        source = locked[one.source, asset]
        destination = locked[one.destination, asset]
        _take(source, units)
        _give(destination, units)
        rows.append(
            {
                "bank_id": bank_id,
                "transfer_id": transfer_id,
                "n": n,
                "source_id": source.account_id,
                "destination_id": destination.account_id,
                "units": units,
                "expires_on": one.expires_on,
                "source_version": source.version,
                "source_balance": source.balance,
                "destination_version": destination.version,
                "destination_balance": destination.balance,
            }
        )
    return rows


def _take(account: Locked, units: int) -> None:
    if account.balance is None or account.version is None:
        return
    if account.floor is not None and account.balance - units < account.floor:
        raise InsufficientPoints(account.place[1], account.balance - account.floor, units)
    account.balance -= units
    account.version += 1


def _give(account: Locked, units: int) -> None:
    if account.balance is None or account.version is None:
        return
    top = UNITS_MOST if account.ceiling is None else account.ceiling
    if account.balance + units > top:
        raise CeilingReached(account.place[1], top - account.balance, units)
    account.balance += units
    account.version += 1


def _keep_balances(
    unit: Unit,
    locked: dict[Place, Locked],
    legs: Sequence[Mapping[str, object]],
    recorded_at: datetime,
) -> None:
    moved = {leg[side] for leg in legs for side in ("source_id", "destination_id")}
    rows = [
        {
            "bank_id": unit.bank_id,
            "account_id": one.account_id,
            "balance": one.balance,
            "version": one.version,
            "recorded_at": recorded_at,
        }
        for one in sorted(locked.values(), key=lambda one: one.account_id)
        if one.balance is not None and one.account_id in moved
    ]
    update_all(unit, accounts, rows)


def find(view: View, transfer_id: str, *, replayed: bool = False) -> Transfer:
    """Return a transfer with its postings.

    Raises:
        TransferNotFound: this bank has none of this id.
    """
    source, destination = accounts.alias("source"), accounts.alias("destination")
    head = view.row(
        select(transfers).where(
            transfers.c.bank_id == view.bank_id, transfers.c.transfer_id == transfer_id
        )
    )
    if head is None:
        raise TransferNotFound(transfer_id)
    rows = view.rows(
        select(
            source.c.address.label("source"),
            destination.c.address.label("destination"),
            source.c.asset_code,
            postings.c.units,
            postings.c.expires_on,
        )
        .join_from(
            postings,
            source,
            (source.c.bank_id == postings.c.bank_id)
            & (source.c.account_id == postings.c.source_id),
        )
        .join(
            destination,
            (destination.c.bank_id == postings.c.bank_id)
            & (destination.c.account_id == postings.c.destination_id),
        )
        .where(postings.c.bank_id == view.bank_id, postings.c.transfer_id == transfer_id)
        .order_by(postings.c.n)
    )
    return Transfer(
        head.transfer_id,
        Kind(head.kind),
        head.occurred_at,
        head.recorded_at,
        tuple(
            Posting(row.source, row.destination, Amount(row.units, row.asset_code), row.expires_on)
            for row in rows
        ),
        head.refers_to,
        head.reverses,
        replayed,
    )


def reverse(unit: Unit, *, transfer_id: str, key: str) -> Transfer:
    """Mend a transfer once, by its mirror: every posting goes back, the last one first.

    A hold stays resolved: of a capture, what was paid goes back to what the member can spend.

    Raises:
        TransferNotFound: this bank has none of this id.
        NotReversible: it only opened or ended a hold.
        AlreadyReversed: it was mended before.
        InsufficientPoints: what it gave is no longer all there.
        KeyReused: the key was used for other content.
    """
    first = find(unit, transfer_id)
    mirror = tuple(
        one.mirrored()
        for one in reversed(first.postings)
        if not (chart.is_held(one.source) or chart.is_held(one.destination))
    )
    if not mirror:
        raise NotReversible(transfer_id)
    return post(
        unit,
        Draft(
            kind=Kind.REVERSE,
            key=key,
            occurred_at=first.occurred_at,
            postings=mirror,
            refers_to=first.refers_to,
            reverses=transfer_id,
        ),
    )
