"""Documents: which rows are of one person, by the number of their document (law 7).

Only its keyed hash is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, select

from creditbank.core.units import View
from creditbank.people.persons import DOCUMENT, lookups

_theirs = lookups.alias("theirs")
_SAME = (
    select(lookups.c.holder_id)
    .join(
        _theirs,
        (_theirs.c.bank_id == lookups.c.bank_id)
        & (_theirs.c.what == lookups.c.what)
        & (_theirs.c.hash == lookups.c.hash),
    )
    .where(
        lookups.c.bank_id == bindparam("of_bank"),
        _theirs.c.bank_id == bindparam("of_bank"),
        _theirs.c.what == DOCUMENT,
        _theirs.c.holder_id.in_(bindparam("of_holders", expanding=True)),
    )
)


def same_person(view: View, holder_ids: Iterable[str]) -> frozenset[str]:
    """Return these holders and all that share a document number with one of them (law 7)."""
    known = frozenset(holder_ids)
    wanted = {"of_bank": view.bank_id, "of_holders": sorted(known)}
    return known | set(view.connection.execute(_SAME, wanted).scalars())


def same_persons(view: View, holder_ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return for each of these all that share their document number, themselves among them."""
    wanted = sorted(set(holder_ids))
    rows = view.rows(
        select(_theirs.c.holder_id, lookups.c.holder_id.label("same"))
        .join_from(
            _theirs,
            lookups,
            (lookups.c.bank_id == _theirs.c.bank_id)
            & (lookups.c.what == _theirs.c.what)
            & (lookups.c.hash == _theirs.c.hash),
        )
        .where(
            _theirs.c.bank_id == view.bank_id,
            _theirs.c.what == DOCUMENT,
            _theirs.c.holder_id.in_(wanted),
        )
    )
    found = {one: {one} for one in wanted}
    for row in rows:
        found[row.holder_id].add(row.same)
    return {one: frozenset(ids) for one, ids in found.items()}


def doubled(view: View, holder_ids: Iterable[str]) -> frozenset[str]:
    """Return who of these shares a document number with another one of these."""
    wanted, theirs = sorted(set(holder_ids)), lookups.alias("theirs")
    rows = view.rows(
        select(lookups.c.holder_id)
        .join(
            theirs,
            (theirs.c.bank_id == lookups.c.bank_id)
            & (theirs.c.what == lookups.c.what)
            & (theirs.c.hash == lookups.c.hash)
            & (theirs.c.holder_id != lookups.c.holder_id),
        )
        .where(
            lookups.c.bank_id == view.bank_id,
            theirs.c.bank_id == view.bank_id,
            lookups.c.what == DOCUMENT,
            lookups.c.holder_id.in_(wanted),
            theirs.c.holder_id.in_(wanted),
        )
    )
    return frozenset(row.holder_id for row in rows)
