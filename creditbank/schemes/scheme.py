"""Scheme: the parameters of a programme, kept by version with the day from which they hold.

What was adopted is never changed; a later version takes its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint, func, insert, select
from sqlmodel import Field

from creditbank.core import counters, tags
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, table, to_bank
from creditbank.core.units import Unit, View
from creditbank.ledger import accounts
from creditbank.people import trail
from creditbank.schemes.parameters import Scheme, read

_VERSIONS = counters.for_ever("scheme-version")


class SchemeRow(OfBank, table=True):
    """One adopted version of the parameters, all of them written out."""

    __tablename__ = "scheme"
    __table_args__ = (to_bank(), UniqueConstraint("bank_id", "version"))

    scheme_id: str = Field(primary_key=True, max_length=40)
    version: int
    effective_from: date
    parameters: Any = Field(sa_column=Column("parameters", JSON, nullable=False))
    adopted_by: str = Field(max_length=64)


schemes = table(SchemeRow)


@dataclass(frozen=True, slots=True)
class Adopted:
    """What an adoption answers."""

    scheme_id: str
    version: int


@keyed
def adopt(
    unit: Unit,
    *,
    parameters: Mapping[str, Any],
    effective_from: date,
    key: str,  # noqa: ARG001 - the key is @keyed's
    if_match: Sequence[str] | None = None,
) -> Adopted:
    """Adopt parameters from a day on, today at the earliest; a later version of a day wins.

    Raises:
        BadField: names the parameter that is unknown, out of bounds or contradictory.
        AssetNotFound: a ranked asset does not exist.
        PreconditionFailed: another version was adopted than ``if_match`` says.
    """
    adopted = read(parameters)
    if effective_from < unit.today:
        raise BadField("effective_from", f"≥ {unit.today.isoformat()}")
    for code in adopted.ranked_assets:
        accounts.asset(unit, code)
    version = counters.lock(unit, [_VERSIONS])[_VERSIONS] + 1
    tags.require(if_match, version - 1, current(unit))
    counters.add(unit, {_VERSIONS: 1})
    scheme_id, old = unit.new_id("sch"), asdict(in_force(unit, effective_from))
    unit.run(
        insert(schemes),
        {
            "bank_id": unit.bank_id,
            "scheme_id": scheme_id,
            "version": version,
            "effective_from": effective_from,
            "parameters": asdict(adopted),
            "adopted_by": unit.actor.id,
        },
    )
    new = asdict(adopted)
    changed = [name for name in new if new[name] != old[name]]
    trail.record(
        unit,
        "scheme.adopted",
        scheme_id,
        before={name: old[name] for name in changed},
        after={name: new[name] for name in changed},
    )
    return Adopted(scheme_id, version)


def in_force(view: View, day: date) -> Scheme:
    """Return the parameters that hold on a day; the defaults if none were adopted by then."""
    row = view.row(
        select(schemes.c.parameters)
        .where(schemes.c.bank_id == view.bank_id, schemes.c.effective_from <= day)
        .order_by(schemes.c.effective_from.desc(), schemes.c.version.desc())
        .limit(1)
    )
    return Scheme() if row is None else read(row.parameters)


def current(view: View) -> Scheme:
    """Return the parameters that hold today."""
    return in_force(view, view.today)


def current_tag(view: View) -> str:
    """Return the tag of the parameters that hold today and of the latest version adopted."""
    latest = view.row(
        select(func.coalesce(func.max(schemes.c.version), 0)).where(
            schemes.c.bank_id == view.bank_id
        )
    )
    assert latest is not None, "an aggregate is always a row"
    return tags.of(latest[0], current(view))
