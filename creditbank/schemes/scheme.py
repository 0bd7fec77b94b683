"""Scheme: the parameters of a programme, kept by version with the days on which they hold.

What was adopted is never changed; a later version takes its place. A version without an end is
followed by the next one. A term has an end (a month of double points): what held before it holds
after it. So a version may not begin inside a term, nor a term hold the begin of another version,
unless it has the very same dates: that is a correction.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Text,
    UniqueConstraint,
    bindparam,
    cast,
    func,
    insert,
    or_,
    select,
)
from sqlmodel import Field

from creditbank.core import counters, tags
from creditbank.core.errors import AssetNotFound, BadField
from creditbank.core.keys import keyed
from creditbank.core.prepared import Prepared
from creditbank.core.tables import OfBank, table, to_bank
from creditbank.core.units import Unit, View
from creditbank.ledger import accounts
from creditbank.people import trail
from creditbank.schemes import contradictions
from creditbank.schemes.errors import SchemeOverlap
from creditbank.schemes.parameters import Scheme, read

_VERSIONS = counters.for_ever("scheme-version")


class SchemeRow(OfBank, table=True):
    """One adopted version of the parameters, all of them written out.

    ``effective_until`` is the last day of a term; a version without it goes on.
    """

    __tablename__ = "scheme"
    __table_args__ = (to_bank(), UniqueConstraint("bank_id", "version"))

    scheme_id: str = Field(primary_key=True, max_length=40)
    version: int
    effective_from: date
    parameters: Any = Field(sa_column=Column("parameters", JSON, nullable=False))
    adopted_by: str = Field(max_length=64)
    effective_until: date | None


schemes = table(SchemeRow)


@dataclass(frozen=True, slots=True)
class Adopted:
    """What an adoption answers."""

    scheme_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Version:
    """An adopted version and its days; ``effective_until`` is the last one of a term."""

    scheme_id: str
    version: int
    effective_from: date
    effective_until: date | None
    adopted_by: str


@keyed
def adopt(
    unit: Unit,
    *,
    parameters: Mapping[str, Any],
    effective_from: date,
    key: str,  # noqa: ARG001 - the key is @keyed's
    if_match: Sequence[str] | None = None,
    effective_until: date | None = None,
) -> Adopted:
    """Adopt parameters from a day on, today at the earliest; a later version of a day wins.

    Raises:
        BadField: names the parameter that is unknown, out of bounds or contradictory, or the asset
            that would be issued without limit.
        AssetNotFound: a ranked asset does not exist.
        SchemeOverlap: the days cross those of a term, or a term those of another version.
        PreconditionFailed: another version was adopted than ``if_match`` says.
    """
    adopted = read(parameters)
    if effective_from < unit.today:
        raise BadField("effective_from", f"≥ {unit.today.isoformat()}")
    if effective_until is not None and effective_until < effective_from:
        raise BadField("effective_until", f"≥ {effective_from.isoformat()}")
    _require_consistent(unit, adopted, parameters)
    version = counters.lock(unit, [_VERSIONS])[_VERSIONS] + 1
    tags.require(if_match, version - 1, current(unit))
    _require_apart(unit, effective_from, effective_until)
    counters.add(unit, {_VERSIONS: 1})
    scheme_id, old = unit.new_id("sch"), asdict(in_force(unit, effective_from))
    unit.run(
        insert(schemes),
        {
            "bank_id": unit.bank_id,
            "scheme_id": scheme_id,
            "version": version,
            "effective_from": effective_from,
            "effective_until": effective_until,
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


def _require_consistent(unit: Unit, adopted: Scheme, named: Collection[str]) -> None:
    """See that parameters contradict neither each other nor the bank's assets."""
    kinds = {code: one.kind for code, one in accounts.every_asset(unit).items()}
    for code in adopted.ranked_assets:
        if code not in kinds:
            raise AssetNotFound(code)
    whole = replace(
        adopted,
        assets=tuple(replace(one, kind=one.kind or kinds.get(one.asset)) for one in adopted.assets),
    )
    found = contradictions.find(whole, named) + contradictions.of_bank(whole, kinds)
    for one in found or contradictions.unlimited(whole):
        raise one.refusal()


def _require_apart(unit: Unit, effective_from: date, effective_until: date | None) -> None:
    """See that a version begins in no term, and that a term holds no other's begin."""
    for one in versions(unit):
        if (one.effective_from, one.effective_until) == (effective_from, effective_until):
            continue
        starts_inside = (
            one.effective_until is not None
            and one.effective_from <= effective_from <= one.effective_until
        )
        holds_start = (
            effective_until is not None and effective_from <= one.effective_from <= effective_until
        )
        if starts_inside or holds_start:
            last = one.effective_until
            until = "…" if last is None else last.isoformat()
            raise SchemeOverlap(one.version, one.effective_from, until)


def versions(view: View) -> list[Version]:
    """Return every adopted version, in the order of adoption."""
    rows = view.rows(
        select(
            schemes.c.scheme_id,
            schemes.c.version,
            schemes.c.effective_from,
            schemes.c.effective_until,
            schemes.c.adopted_by,
        )
        .where(schemes.c.bank_id == view.bank_id)
        .order_by(schemes.c.version)
    )
    return [
        Version(row.scheme_id, row.version, row.effective_from, row.effective_until, row.adopted_by)
        for row in rows
    ]


_IN_FORCE = Prepared(
    select(cast(schemes.c.parameters, Text).label("parameters"))
    .where(
        schemes.c.bank_id == bindparam("of_bank"),
        schemes.c.effective_from <= bindparam("on_day"),
        or_(
            schemes.c.effective_until.is_(None),
            schemes.c.effective_until >= bindparam("on_day"),
        ),
    )
    .order_by(schemes.c.effective_from.desc(), schemes.c.version.desc())
    .limit(1)
)


def in_force(view: View, day: date) -> Scheme:
    """Return the parameters that hold on a day; the defaults if none were adopted by then."""
    row = _IN_FORCE.row(view, of_bank=view.bank_id, on_day=day)
    return Scheme() if row is None else _parsed(row.parameters)


@lru_cache(maxsize=64)
def _parsed(parameters: str) -> Scheme:
    """Read stored parameters, the same ones only once: every service asks for them many times."""
    return read(json.loads(parameters))


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
