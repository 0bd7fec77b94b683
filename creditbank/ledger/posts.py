"""Posts: single transfers of many callers, recorded as one set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from sqlalchemy import bindparam, select

from creditbank.core.asks import Ask
from creditbank.core.errors import CreditbankError
from creditbank.core.prepared import Prepared, among
from creditbank.core.units import Declined, Unit
from creditbank.ledger.accounts import Locked, Place, lock
from creditbank.ledger.books import transfers
from creditbank.ledger.posting import (
    Draft,
    Transfer,
    first_answer,
    legs,
    places_of,
    post,
    post_many,
)

_KNOWN = Prepared(
    select(transfers.c.key).where(
        transfers.c.bank_id == bindparam("bank_id"),
        among(transfers.c.key, "keys"),
    )
)


@dataclass(frozen=True, slots=True)
class Post(Ask[Transfer]):
    """One transfer to be recorded; see `creditbank.ledger.posting.post`."""

    draft: Draft

    @classmethod
    def together(
        cls, units: Sequence[Unit], asks: Sequence[Self]
    ) -> Sequence[Transfer | Declined | CreditbankError]:
        """Record all that the balances allow, each after the ones before it."""
        unit = units[0]
        if len(asks) == 1:
            return [post(unit, asks[0].draft)]
        drafts = [ask.draft for ask in asks]
        keys = sorted({draft.key for draft in drafts})
        known = {row.key for row in _KNOWN.rows(unit, bank_id=unit.bank_id, keys=keys)}
        locked = lock(unit, places_of(drafts))
        refused, fresh = _tried(drafts, known, locked)
        done: dict[int, Transfer] = {}
        if fresh:
            recorded = post_many(
                unit,
                [drafts[n] for n in fresh],
                held=locked,
                units=[units[n] for n in fresh],
            )
            done = dict(zip(fresh, recorded, strict=True))
        return [
            done.get(n) or refused.get(n) or _answered(unit, draft)
            for n, draft in enumerate(drafts)
        ]


def _tried(
    drafts: Sequence[Draft], known: set[str], locked: dict[Place, Locked]
) -> tuple[dict[int, CreditbankError], list[int]]:
    """Return which drafts the balances refuse, and which can be recorded; the others are replays.

    The balances are moved on copies, one draft after the other.
    """
    refused: dict[int, CreditbankError] = {}
    fresh: list[int] = []
    seen = set(known)
    trial = {place: replace(one) for place, one in locked.items()}
    for n, draft in enumerate(drafts):
        if draft.key in seen:
            continue
        before = {place: replace(trial[place]) for place in places_of([draft])}
        try:
            legs(0, "", draft, trial)
        except CreditbankError as error:
            if draft.reverses is not None:  # alone it is told whether that was mended before
                raise
            refused[n] = error
            trial |= before
            continue
        seen.add(draft.key)
        fresh.append(n)
    return refused, fresh


def _answered(unit: Unit, draft: Draft) -> Transfer | CreditbankError:
    """Return the transfer that a key has recorded, or why this is not it."""
    try:
        return first_answer(unit, draft)
    except CreditbankError as error:
        return error
