"""The offer book: which rules a merchant has adopted. An adopted rule never changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Index,
    Row,
    Text,
    bindparam,
    cast,
    insert,
    select,
    update,
)
from sqlmodel import Field

from creditbank.core.keys import keyed
from creditbank.core.prepared import Prepared, among
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.people import trail
from merchants import offer_files, offers, partners
from merchants.errors import OfferNotFound, OfferUnclear
from merchants.offers import Item, Offer


class OfferState(StrEnum):
    """Whether an offer is made to new scans."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"


class OfferRow(OfBank, table=True):
    """One adopted offer, its rule as plain values."""

    __tablename__ = "offer"
    __table_args__ = (
        within_bank(["merchant_id"], "merchant", ["merchant_id"]),
        Index("ix_offer_merchant", "bank_id", "merchant_id", "state"),
    )

    offer_id: str = Field(primary_key=True, max_length=40)
    merchant_id: str = Field(max_length=40)
    rule: Any = Field(sa_column=Column("rule", JSON, nullable=False))
    state: str = Field(max_length=16)
    adopted_at: datetime = Field(sa_type=UtcDateTime)


adopted = table(OfferRow)


@dataclass(frozen=True, slots=True)
class Adopted:
    """An offer of a merchant."""

    offer_id: str
    merchant_id: str
    offer: Offer
    state: OfferState


def _adopted(row: Row[Any]) -> Adopted:
    return Adopted(row.offer_id, row.merchant_id, _offer(row.rule), OfferState(row.state))


@lru_cache(maxsize=1024)
def _offer(rule: str) -> Offer:
    """Read a stored rule, the same one only once: every checkout asks for it."""
    return offers.read(json.loads(rule))


_COLUMNS = (
    *(adopted.c[name] for name in ("offer_id", "merchant_id", "state", "adopted_at")),
    cast(adopted.c.rule, Text).label("rule"),
)
_THESE = Prepared(
    select(*_COLUMNS).where(
        adopted.c.bank_id == bindparam("bank_id"), among(adopted.c.offer_id, "offer_ids")
    )
)
_MADE = Prepared(
    select(*_COLUMNS)
    .where(
        adopted.c.bank_id == bindparam("bank_id"),
        among(adopted.c.merchant_id, "merchant_ids"),
        adopted.c.state == OfferState.ACTIVE,
    )
    .order_by(adopted.c.adopted_at, adopted.c.offer_id)
)


@keyed
def adopt(unit: Unit, *, merchant_id: str, text: str, key: str) -> str:  # noqa: ARG001
    """Adopt an offer for a merchant from the text of its TOML file, and return its id.

    Raises:
        MerchantNotFound: this bank has no such merchant.
        OfferInvalid: names the parameter and its line.
    """
    offer = offer_files.parse(text)
    partners.find(unit, merchant_id)
    offer_id = unit.new_id("ofr")
    unit.run(
        insert(adopted),
        {
            "bank_id": unit.bank_id,
            "offer_id": offer_id,
            "merchant_id": merchant_id,
            "rule": offers.write(offer),
            "state": OfferState.ACTIVE,
            "adopted_at": unit.now,
        },
    )
    trail.record(unit, "offer.adopted", offer_id, after={"merchant_id": merchant_id})
    return offer_id


@keyed
def withdraw(unit: Unit, *, offer_id: str, key: str) -> OfferState:  # noqa: ARG001
    """Make an offer to no new scan; open redemptions of it may still be paid.

    Raises:
        OfferNotFound: this bank has none of this id.
    """
    find(unit, offer_id)
    unit.run(
        update(adopted)
        .where(adopted.c.bank_id == unit.bank_id, adopted.c.offer_id == offer_id)
        .values(state=OfferState.WITHDRAWN)
    )
    trail.record(unit, "offer.withdrawn", offer_id)
    return OfferState.WITHDRAWN


def find(view: View, offer_id: str) -> Adopted:
    """Return an offer, withdrawn or not.

    Raises:
        OfferNotFound: this bank has none of this id.
    """
    found = find_all(view, [offer_id]).get(offer_id)
    if found is None:
        raise OfferNotFound(offer_id)
    return found


def find_all(view: View, offer_ids: Iterable[str]) -> dict[str, Adopted]:
    """Return the offers of these ids that there are, by id."""
    rows = _THESE.rows(view, bank_id=view.bank_id, offer_ids=sorted(set(offer_ids)))
    return {row.offer_id: _adopted(row) for row in rows}


def listing(view: View, merchant_id: str) -> list[Adopted]:
    """Return the offers a merchant makes, oldest first."""
    return listings(view, [merchant_id]).get(merchant_id, [])


def listings(view: View, merchant_ids: Iterable[str]) -> dict[str, list[Adopted]]:
    """Return the offers that merchants make, by merchant, oldest first."""
    found: dict[str, list[Adopted]] = {}
    rows = _MADE.rows(view, bank_id=view.bank_id, merchant_ids=sorted(set(merchant_ids)))
    for row in rows:
        found.setdefault(row.merchant_id, []).append(_adopted(row))
    return found


def history(view: View, merchant_id: str) -> list[tuple[Adopted, datetime]]:
    """Return every offer a merchant ever adopted and when, the latest first."""
    rows = view.rows(
        select(*_COLUMNS)
        .where(adopted.c.bank_id == view.bank_id, adopted.c.merchant_id == merchant_id)
        .order_by(adopted.c.adopted_at.desc(), adopted.c.offer_id.desc())
    )
    return [(_adopted(row), row.adopted_at) for row in rows]


def in_force(view: View, merchant_id: str, day: date) -> list[Adopted]:
    """Return the offers of a merchant that hold on a day, oldest first."""
    return [one for one in listing(view, merchant_id) if one.offer.holds_on(day)]


def choose(made: Sequence[Adopted], day: date, *, offer_id: str | None, with_cart: bool) -> Adopted:
    """Return the one of a merchant's offers that a till means: named, or the only one that fits.

    Raises:
        OfferNotFound: the merchant makes no such offer.
        OfferUnclear: several fit, and none was named.
    """
    if offer_id is not None:
        for one in made:
            if one.offer_id == offer_id:
                return one
        raise OfferNotFound(offer_id)
    fitting = [one for one in made if not (with_cart and isinstance(one.offer.rule, Item))]
    fitting = [one for one in fitting if one.offer.holds_on(day)] or fitting
    if not fitting:
        raise OfferNotFound("")
    if len(fitting) > 1:
        raise OfferUnclear([one.offer_id for one in fitting])
    return fitting[0]


def in_force_everywhere(view: View) -> dict[str, list[Adopted]]:
    """Return the offers of all merchants that hold today, by merchant, oldest first."""
    rows = view.rows(
        select(*_COLUMNS)
        .where(adopted.c.bank_id == view.bank_id, adopted.c.state == OfferState.ACTIVE)
        .order_by(adopted.c.adopted_at, adopted.c.offer_id)
    )
    found: dict[str, list[Adopted]] = {}
    for one in (_adopted(row) for row in rows):
        if one.offer.holds_on(view.today):
            found.setdefault(one.merchant_id, []).append(one)
    return found
