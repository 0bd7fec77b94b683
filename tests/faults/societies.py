"""A portrait of the demonstration: all that people see of it, without ids and instants."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from creditbank.core.banks import Bank
from creditbank.core.database import Database
from creditbank.core.units import View
from creditbank.ledger.books import accounts, postings, transfers
from creditbank.people import persons
from creditbank.people.members import members
from creditbank.recognition.periods import periods
from creditbank.recognition.ranking import places
from merchants.partners import merchants


def bank(url: str) -> Bank:
    """The one bank of a database."""
    with Database(url, writing=False) as database:
        return database.bank()


def portrait(url: str) -> dict[str, Any]:
    """Names, figures and rankings, the same for the same seed number on any database."""
    with Database(url, writing=False) as database:
        return database.read(database.bank().bank_id, _portrait)


def _portrait(view: View) -> dict[str, Any]:
    people = _named(view, members, "member_id", "number", "joined_on")
    called = persons.names(view, people)
    people = {who: (*row, called[who]) for who, row in people.items()}
    shops = _named(view, merchants, "merchant_id", "name", "trade")
    years = _named(view, periods, "period_id", "name")
    who = {name: row[0] for name, row in (people | shops).items()}
    every = view.rows(select(accounts).where(accounts.c.bank_id == view.bank_id))
    addresses = {row.account_id: _told(row.address, who) for row in every}
    moves = view.rows(
        select(transfers.c.kind, transfers.c.occurred_at, postings)
        .join_from(
            transfers,
            postings,
            (postings.c.bank_id == transfers.c.bank_id)
            & (postings.c.transfer_id == transfers.c.transfer_id),
        )
        .where(transfers.c.bank_id == view.bank_id)
    )
    ranked = view.rows(
        select(places)
        .where(places.c.bank_id == view.bank_id)
        .order_by(places.c.asset_code, places.c.place)
    )
    return {
        "people": sorted(people.values()),
        "shops": sorted(shops.values()),
        "balances": sorted(
            (addresses[row.account_id], row.asset_code, row.balance, row.version)
            for row in every
            if row.balance is not None
        ),
        "moves": sorted(
            (
                row.occurred_at,
                row.kind,
                addresses[row.source_id],
                addresses[row.destination_id],
                row.units,
            )
            for row in moves
        ),
        "ranking": [
            (
                *(years[row.period_id][0], row.asset_code, row.place, row.rank),
                *(who[row.member_id], row.units, row.tier, row.at_edge),
            )
            for row in ranked
        ],
    }


def _named(view: View, table: Any, key: str, *columns: str) -> dict[str, tuple[Any, ...]]:
    rows = view.rows(select(table).where(table.c.bank_id == view.bank_id))
    return {getattr(row, key): tuple(getattr(row, one) for one in columns) for row in rows}


def _told(address: str, who: dict[str, Any]) -> str:
    return "/".join(str(who.get(part, part)) for part in address.split("/"))
