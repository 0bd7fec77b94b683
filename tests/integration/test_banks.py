"""Founding banks: slugs, names, and founders at the same moment."""

from datetime import datetime

import pytest
from sqlalchemy import Connection

from creditbank.core import banks
from creditbank.core.banks import Bank
from creditbank.core.database import Database
from creditbank.core.errors import BadField, BankAmbiguous, BankExists, BankNotFound


def found(
    database: Database, slug: str, name: str = "示范互助社", zone: str = "Asia/Shanghai"
) -> Bank:
    """Found a bank and wait for it."""
    return founding(database, slug, name, zone).result()


def founding(database: Database, slug: str, name: str = "示范互助社", zone: str = "Asia/Shanghai"):  # noqa: ANN201
    """Ask for a bank to be founded."""

    def work(connection: Connection, now: datetime) -> Bank:
        return banks.create(connection, slug=slug, name=name, zone=zone, now=now)

    return database.writer.submit_install(work)


def test_founders_at_the_same_moment_get_banks_of_their_own(database: Database) -> None:
    """Ten banks founded in parallel have ten ids, whichever came first."""
    asked = [founding(database, f"bank-{n}") for n in range(10)]
    assert set(range(1, 11)) == {one.result().bank_id for one in asked}


def test_one_slug_is_founded_once(database: Database) -> None:
    """Ten founders of the same slug make one bank; nine are told that it exists."""
    asked = [founding(database, "same") for _ in range(10)]
    refused = [one for one in asked if isinstance(one.exception(), BankExists)]
    assert (9, 1) == (len(refused), len([one for one in asked if one.exception() is None]))


@pytest.mark.parametrize(
    ("slug", "name", "zone", "field"),
    [
        ("Demo", "示范", "Asia/Shanghai", "slug"),
        ("", "示范", "Asia/Shanghai", "slug"),
        ("demo", " ", "Asia/Shanghai", "name"),
        ("demo", "示范", "Asia/Atlantis", "zone"),
        ("demo", "示范", "../etc/passwd", "zone"),
    ],
)
def test_bad_words_found_nothing(
    database: Database, slug: str, name: str, zone: str, field: str
) -> None:
    """A bank with an unusable slug, name or zone is refused by that field."""
    with pytest.raises(BadField) as refusal:
        found(database, slug, name, zone)
    assert field == refusal.value.field
    assert [] == database.reader.submit_install(banks.every).result()


def test_the_only_bank_needs_no_name(database: Database) -> None:
    """Without a slug the only bank is meant; with none or several one must be named."""
    with pytest.raises(BankNotFound):
        database.bank()
    only = found(database, "only")
    assert only == database.bank() == database.bank("only")
    found(database, "other")
    with pytest.raises(BankAmbiguous):
        database.bank()
