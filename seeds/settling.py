"""Founding the society: its bank, rules, communities, categories and shops."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from creditbank.core import banks
from creditbank.core.banks import Bank
from creditbank.core.clock import day_of
from creditbank.core.database import Database
from creditbank.core.values import Asset, AssetKind
from creditbank.ledger import accounts
from creditbank.people import communities
from creditbank.schemes import scheme
from creditbank.tasks import categories
from merchants import offer_book, partners, tills
from seeds.chronicle import ORGANISER, TREASURER, Year
from seeds.moving_in import move_in
from seeds.society import Plan, offer_text, rules


def found(database: Database, plan: Plan) -> Bank:
    """Found the demonstration bank, or return it if it is there."""
    of = plan.data["bank"]

    def work(connection: Connection, now: datetime) -> Bank:
        for bank in banks.every(connection):
            if bank.slug == of["slug"]:
                return bank
        return banks.create(
            connection,
            slug=of["slug"],
            name=of["name"],
            zone=of["zone"],
            now=now,
            demonstration=True,
        )

    return database.install(work)


def settle_in(year: Year) -> None:
    """Give the bank its assets, rules, communities, categories, residents and shops."""
    data = year.plan.data
    for one in data["assets"]:
        asset = Asset(one["code"], one["name"], one["scale"], AssetKind(one["kind"]))
        year.do(TREASURER, partial(accounts.create_asset, asset=asset))
    year.do(
        TREASURER,
        partial(
            scheme.adopt,
            parameters=rules().parameters,
            effective_from=day_of(year.clock.now(), year.plan.zone),
            key=year.key("scheme"),
        ),
    )
    for one in data["communities"]:
        year.community_ids[one["name"]] = year.do(
            ORGANISER,
            partial(communities.create, name=one["name"], key=year.key("community", one["name"])),
        )
    for one in data["categories"]:
        year.do(
            ORGANISER,
            partial(
                categories.create,
                code=one["code"],
                name=one["name"],
                key=year.key("category", one["code"]),
            ),
        )
    move_in(year)
    _open_shops(year)


def _open_shops(year: Year) -> None:
    for n, shop in enumerate(year.plan.shops):
        merchant_id = year.do(
            TREASURER,
            partial(
                partners.register,
                name=shop.name,
                trade=shop.trade,
                asset="XYB",
                community_id=year.community_ids[shop.community],
                key=year.key("shop", n),
            ),
        )
        year.merchant_ids.append(merchant_id)
        year.till_ids.append(
            year.do(
                TREASURER,
                partial(
                    tills.register,
                    merchant_id=merchant_id,
                    name="收银台",
                    key=year.key("till of", n),
                ),
            )
        )
        year.do(
            TREASURER,
            partial(
                offer_book.adopt,
                merchant_id=merchant_id,
                text=offer_text(shop.offer),
                key=year.key("offer of", n),
            ),
        )
