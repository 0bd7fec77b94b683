"""Categories: the kinds of tasks of a bank, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Field

from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, insert_or_skip, table, to_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.people import trail
from creditbank.tasks.errors import CategoryExists, CategoryNotFound

_CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_NAME_MOST = 40


class CategoryRow(OfBank, table=True):
    """A kind of tasks."""

    __tablename__ = "category"
    __table_args__ = (to_bank(),)

    code: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=_NAME_MOST)


categories = table(CategoryRow)


@dataclass(frozen=True, slots=True)
class Category:
    """A category."""

    code: str
    name: str


@keyed
def create(unit: Unit, *, code: str, name: str, key: str) -> str:  # noqa: ARG001 - @keyed's
    """Add a category and return its code.

    Raises:
        BadField: the code or name is unusable.
        CategoryExists: the code is taken.
    """
    if not _CODE.fullmatch(code):
        raise BadField("code", "a–z, 0–9, '-' / 小写字母、数字和连字符")
    made = unit.run(
        insert_or_skip(unit.connection, categories).returning(categories.c.code),
        {"bank_id": unit.bank_id, "code": code, "name": line("name", name, _NAME_MOST)},
    ).first()
    if made is None:
        raise CategoryExists(code)
    trail.record(unit, "category.added", code)
    return code


def every(view: View) -> list[Category]:
    """Return the categories of the bank by code."""
    rows = view.rows(
        select(categories).where(categories.c.bank_id == view.bank_id).order_by(categories.c.code)
    )
    return [Category(row.code, row.name) for row in rows]


def require(view: View, code: str) -> None:
    """See that a category exists.

    Raises:
        CategoryNotFound: this bank has none of this code.
    """
    row = view.row(
        select(categories.c.code).where(
            categories.c.bank_id == view.bank_id, categories.c.code == code
        )
    )
    if row is None:
        raise CategoryNotFound(code)
