"""Persons: what names and describes somebody, sealed with a key of their own.

The only room where personal data lies. A holder is a member, someone in office or a cashier;
elsewhere stand holder ids only. Values are looked up by keyed hash; the same document number on
two rows means the same person (law 7). `forget` leaves nothing but the id of the key to destroy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Index, bindparam, delete, select, update
from sqlmodel import Field

from creditbank.core.bulk import insert_all
from creditbank.core.errors import BadField
from creditbank.core.prepared import Prepared, among
from creditbank.core.tables import OfBank, insert_or_skip, table, to_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.people import masks
from creditbank.people.errors import PersonNotFound

NAME_MOST = 60
PHONE = "phone"
DOCUMENT = "document"
NAME = "name"
LOOKED_UP = (NAME, PHONE, DOCUMENT)

SEALED_MOST = 1200
ADDRESS_MOST = 120
_NOTES_MOST = 200
_PHONE = re.compile(r"1[3-9][0-9]{9}|\+[1-9][0-9]{6,14}")
_DOCUMENT = re.compile(r"[0-9A-Z]{5,30}")
FIELDS = ("name", "phone", "document", "born_on", "address", "notes")


class PersonRow(OfBank, table=True):
    """What is known of a holder; every text is sealed with the key of ``key_id``."""

    __tablename__ = "person"
    __table_args__ = (to_bank(),)

    holder_id: str = Field(primary_key=True, max_length=40)
    key_id: str = Field(max_length=40)
    name: str = Field(max_length=SEALED_MOST)
    phone: str | None = Field(max_length=SEALED_MOST)
    document: str | None = Field(max_length=SEALED_MOST)
    born_on: str | None = Field(max_length=SEALED_MOST)
    address: str | None = Field(max_length=SEALED_MOST)
    notes: str | None = Field(max_length=SEALED_MOST)


class LookupRow(OfBank, table=True):
    """By which keyed hashes a holder is found."""

    __tablename__ = "person_lookup"
    __table_args__ = (
        to_bank(),
        Index("ix_person_lookup_holder", "bank_id", "holder_id"),
    )

    what: str = Field(primary_key=True, max_length=16)
    hash: str = Field(primary_key=True, max_length=64)
    holder_id: str = Field(primary_key=True, max_length=40)


persons = table(PersonRow)
lookups = table(LookupRow)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in plain words; never part of an answer that a key keeps, never logged."""

    holder_id: str
    name: str = field(repr=False)
    phone: str | None = field(repr=False)
    document: str | None = field(repr=False)
    born_on: date | None = field(repr=False)
    address: str | None = field(repr=False)
    notes: str | None = field(repr=False)


def keep(
    unit: Unit,
    *,
    holder_id: str,
    name: str,
    phone: str | None = None,
    document: str | None = None,
    born_on: date | None = None,
    address: str | None = None,
    notes: str | None = None,
) -> None:
    """Write a new holder's personal data down, sealed with a fresh key.

    Raises:
        BadField: one of them is unusable.
    """
    said = {
        "name": name,
        "phone": phone,
        "document": document,
        "born_on": born_on,
        "address": address,
        "notes": notes,
    }
    keep_all(unit, {holder_id: said})


def keep_all(unit: Unit, people: Mapping[str, Mapping[str, str | date | None]]) -> None:
    """Write new holders' personal data down, each sealed with a fresh key.

    Raises:
        BadField: something is unusable.
    """
    rows, found = [], []
    keys = unit.vault.new_keys(len(people))
    for (holder_id, said), key_id in zip(people.items(), keys, strict=True):
        plain = _checked({one: said.get(one) for one in FIELDS})
        row = {one: _sealed(unit, key_id, one, plain[one]) for one in FIELDS}
        rows.append({"bank_id": unit.bank_id, "holder_id": holder_id, "key_id": key_id} | row)
        found += _lookups_of(unit, holder_id, plain)
    insert_all(unit, persons, rows)
    insert_all(unit, lookups, found)


def change(unit: Unit, *, holder_id: str, **values: str | date | None) -> None:
    """Change some of a holder's personal data; the holder's row is locked by the caller.

    Raises:
        PersonNotFound: nothing is known of this holder.
        BadField: one of them is unusable.
    """
    key_id = _key_of(unit, holder_id)
    plain = _checked(values)
    unit.run(
        update(persons)
        .where(persons.c.bank_id == unit.bank_id, persons.c.holder_id == holder_id)
        .values({one: _sealed(unit, key_id, one, text) for one, text in plain.items()})
    )
    unit.run(
        delete(lookups).where(
            lookups.c.bank_id == unit.bank_id,
            lookups.c.holder_id == holder_id,
            lookups.c.what.in_([one for one in plain if one in LOOKED_UP]),
        )
    )
    _look_up_by(unit, holder_id, plain)


def _checked(values: dict[str, str | date | None]) -> dict[str, str | None]:
    """Return the values as they are kept.

    Raises:
        BadField: one of them is unusable.
    """
    assert set(values) <= set(FIELDS), values.keys()
    plain: dict[str, str | None] = {}
    for one, value in values.items():
        if value is None:
            plain[one] = None
        elif isinstance(value, date):
            plain[one] = value.isoformat()
        else:
            plain[one] = _CHECKS[one](value)
    return plain


def normal_phone(text: str) -> str:
    """Return a phone number as it is kept: 11 digits of the mainland, or + and digits.

    Raises:
        BadField: it is no phone number.
    """
    digits = re.sub(r"[\s()-]", "", text).removeprefix("+86")
    if not _PHONE.fullmatch(digits):
        raise BadField(
            PHONE, "11 digits, or + and the country's / 11 位手机号，或以 + 开头的国际号码"
        )
    return digits


def normal_document(text: str) -> str:
    """Return a document number as it is kept: letters and digits only.

    Raises:
        BadField: it is no document number.
    """
    number = re.sub(r"[\s-]", "", text).upper()
    if not _DOCUMENT.fullmatch(number):
        raise BadField(DOCUMENT, "5–30 letters and digits / 5–30 位字母和数字")
    return number


_CHECKS: dict[str, Callable[[str], str]] = {
    "name": lambda text: line("name", text, NAME_MOST),
    "phone": normal_phone,
    "document": normal_document,
    "address": lambda text: line("address", text, ADDRESS_MOST),
    "notes": lambda text: line("notes", text, _NOTES_MOST),
}


def _sealed(unit: Unit, key_id: str, what: str, text: str | None) -> str | None:
    return None if text is None else unit.vault.seal(key_id, what, text)


def _look_up_by(unit: Unit, holder_id: str, plain: dict[str, str | None]) -> None:
    rows = _lookups_of(unit, holder_id, plain)
    if rows:
        unit.run(insert_or_skip(unit.connection, lookups), rows)


def _lookups_of(unit: Unit, holder_id: str, plain: dict[str, str | None]) -> list[dict[str, Any]]:
    return [
        {
            "bank_id": unit.bank_id,
            "what": one,
            "hash": hash_of(unit, one, text),
            "holder_id": holder_id,
        }
        for one in LOOKED_UP
        if (text := plain.get(one)) is not None
    ]


def hash_of(view: View, what: str, text: str) -> str:
    """Return the keyed hash of a value in this bank; another bank's is another."""
    return view.vault.hashed(f"{what}/{view.bank_id}", text)


def looked_up(view: View, what: str, text: str) -> list[str]:
    """Return the ids of the holders whose name, phone or document is this, in order.

    Raises:
        BadField: it could be nobody's.
    """
    normal = _CHECKS[what](text)
    rows = view.rows(
        select(lookups.c.holder_id)
        .where(
            lookups.c.bank_id == view.bank_id,
            lookups.c.what == what,
            lookups.c.hash == hash_of(view, what, normal),
        )
        .order_by(lookups.c.holder_id)
    )
    return [row.holder_id for row in rows]


def find(view: View, holder_id: str) -> Person:
    """Return somebody in plain words.

    Raises:
        PersonNotFound: nothing is known of this holder (any more).
    """
    row = view.row(
        select(persons).where(persons.c.bank_id == view.bank_id, persons.c.holder_id == holder_id)
    )
    if row is None:
        raise PersonNotFound(holder_id)

    def plain(one: str) -> str | None:
        sealed = getattr(row, one)
        return None if sealed is None else view.vault.unseal(row.key_id, one, sealed)

    born_on = plain("born_on")
    return Person(
        holder_id=holder_id,
        name=plain("name") or masks.GONE,
        phone=plain("phone"),
        document=plain("document"),
        born_on=None if born_on is None else date.fromisoformat(born_on),
        address=plain("address"),
        notes=plain("notes"),
    )


_BIRTHS = Prepared(
    select(persons.c.holder_id, persons.c.key_id, persons.c.born_on).where(
        persons.c.bank_id == bindparam("bank_id"),
        among(persons.c.holder_id, "holder_ids"),
        persons.c.born_on.is_not(None),
    )
)


def births(view: View, holder_ids: Iterable[str]) -> dict[str, date]:
    """Return when these people were born; who is not known, or whose day is not, is left out."""
    rows = _BIRTHS.rows(view, bank_id=view.bank_id, holder_ids=sorted(set(holder_ids)))
    return {
        row.holder_id: date.fromisoformat(plain)
        for row in rows
        if (plain := view.vault.unseal(row.key_id, "born_on", row.born_on)) is not None
    }


def names(view: View, holder_ids: Iterable[str]) -> dict[str, str]:
    """Return the whole names of these holders by id; who is not known is left out."""
    rows = view.rows(
        select(persons.c.holder_id, persons.c.key_id, persons.c.name).where(
            persons.c.bank_id == view.bank_id, persons.c.holder_id.in_(sorted(set(holder_ids)))
        )
    )
    return {
        row.holder_id: name
        for row in rows
        if (name := view.vault.unseal(row.key_id, NAME, row.name)) is not None
    }


def masked_names(view: View, holder_ids: Iterable[str]) -> dict[str, str]:
    """Return the masked names of these holders by id; who is gone is called so."""
    wanted = set(holder_ids)
    known = names(view, wanted)
    return {one: masks.name(known[one]) if one in known else masks.GONE for one in wanted}


def seal(unit: Unit, holder_id: str, what: str, text: str) -> str:
    """Return a text about a holder (a reason, a note), sealed with their key.

    Raises:
        PersonNotFound: nothing is known of this holder (any more).
    """
    return unit.vault.seal(_key_of(unit, holder_id), what, text)


def seal_each(unit: Unit, what: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts about several holders, each sealed with their key.

    Raises:
        PersonNotFound: nothing is known of one of them (any more).
    """
    rows = unit.rows(
        select(persons.c.holder_id, persons.c.key_id).where(
            persons.c.bank_id == unit.bank_id, persons.c.holder_id.in_(sorted(texts))
        )
    )
    keys = {row.holder_id: row.key_id for row in rows}
    for holder_id in texts.keys() - keys.keys():
        raise PersonNotFound(holder_id)
    return {one: unit.vault.seal(keys[one], what, text) for one, text in texts.items()}


def unseal(view: View, holder_id: str, what: str, sealed: str | None) -> str | None:
    """Return a text about a holder, or None if there is none or the holder was forgotten."""
    if sealed is None:
        return None
    key_id = _known_key(view, holder_id)
    return None if key_id is None else view.vault.unseal(key_id, what, sealed)


def seal_bytes(unit: Unit, holder_id: str, what: str, content: bytes) -> bytes:
    """Return bytes about a holder (a photo), sealed with their key.

    Raises:
        PersonNotFound: nothing is known of this holder (any more).
    """
    return unit.vault.seal_bytes(_key_of(unit, holder_id), what, content)


def unseal_bytes(view: View, holder_id: str, what: str, sealed: bytes) -> bytes | None:
    """Return bytes about a holder, or None if the holder was forgotten."""
    key_id = _known_key(view, holder_id)
    return None if key_id is None else view.vault.unseal_bytes(key_id, what, sealed)


def _key_of(view: View, holder_id: str) -> str:
    key_id = _known_key(view, holder_id)
    if key_id is None:
        raise PersonNotFound(holder_id)
    return key_id


def _known_key(view: View, holder_id: str) -> str | None:
    row = view.row(
        select(persons.c.key_id).where(
            persons.c.bank_id == view.bank_id, persons.c.holder_id == holder_id
        )
    )
    return None if row is None else str(row.key_id)


def forget(unit: Unit, holder_id: str) -> str:
    """Delete what is known of a holder; return the id of the key, to destroy after the commit.

    Raises:
        PersonNotFound: nothing is known of this holder (any more).
    """
    key_id = _key_of(unit, holder_id)
    for of in (persons, lookups):
        unit.run(delete(of).where(of.c.bank_id == unit.bank_id, of.c.holder_id == holder_id))
    return key_id
