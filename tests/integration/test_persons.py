"""Persons: sealed in the database, found by hash, changed, forgotten."""

from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import select

from creditbank.core import banks
from creditbank.core.banks import Bank
from creditbank.core.database import Database
from creditbank.core.errors import BadField, KeysUnusable
from creditbank.core.units import Unit, View
from creditbank.people import documents, masks, persons
from creditbank.people.errors import PersonNotFound
from tests.web import OPERATOR

ANN, BOB, EVE = "mem_ann", "mem_bob", "mem_eve"
PLAIN = {
    "name": "金丝雀",
    "phone": "13912345678",
    "document": "110101199003071234",
    "born_on": date(1990, 3, 7),
    "address": "金丝雀巷 7 号",
    "notes": "金丝雀爱唱歌",
}


@dataclass
class Room:
    """A bank with one person in it."""

    database: Database
    bank: Bank

    def write(self, work: object) -> object:
        """Run one unit."""
        return self.database.write(self.bank.bank_id, OPERATOR, work)  # type: ignore[arg-type]

    def look(self, look: object) -> object:
        """Run one view."""
        return self.database.read(self.bank.bank_id, look)  # type: ignore[arg-type]

    def keep(self, holder_id: str, **plain: object) -> None:
        """Write somebody down."""
        self.write(lambda unit: persons.keep(unit, holder_id=holder_id, **plain))


def rows(view: View) -> list[object]:
    """Return all rows about persons."""
    both = (persons.persons, persons.lookups)
    return [row for of in both for row in view.rows(select(of).where(of.c.bank_id == view.bank_id))]


@pytest.fixture
def room(database: Database) -> Room:
    """A bank in which Ann is known with all there is to know."""
    bank = database.install(
        lambda c, now: banks.create(c, slug="trust", name="社", zone="Asia/Shanghai", now=now)
    )
    room = Room(database, bank)
    room.keep(ANN, **PLAIN)
    return room


def test_everything_comes_back_and_nothing_lies_open(room: Room) -> None:
    """Each field is read as it was written, and stands in no row in plain words."""
    found = room.look(lambda view: persons.find(view, ANN))
    assert persons.Person(ANN, **PLAIN) == found  # type: ignore[arg-type]

    kept = room.look(lambda view: repr(rows(view)))
    for plain in map(str, PLAIN.values()):
        assert plain not in str(kept)
    assert "金丝雀" not in repr(found)


@pytest.mark.parametrize(
    ("what", "asked"),
    [
        ("phone", "139-1234 5678"),
        ("phone", "+8613912345678"),
        ("document", "110101 19900307 1234"),
        ("name", " 金丝雀 "),
    ],
)
def test_a_person_is_found_however_it_is_written(room: Room, what: str, asked: str) -> None:
    """Names and numbers are looked up in their normal form."""
    assert [ANN] == room.look(lambda view: persons.looked_up(view, what, asked))
    assert [] == room.look(lambda view: persons.looked_up(view, "phone", "13900000000"))


def test_another_bank_does_not_know_her(room: Room) -> None:
    """The same phone has another hash in another bank."""
    other = room.database.install(
        lambda c, now: banks.create(c, slug="other", name="社", zone="Asia/Shanghai", now=now)
    )
    look = room.database.read
    hashes = {
        look(bank.bank_id, lambda view: persons.hash_of(view, "phone", "13912345678"))
        for bank in (room.bank, other)
    }
    assert 2 == len(hashes)
    found = look(other.bank_id, lambda view: persons.looked_up(view, "phone", "13912345678"))
    assert [] == found


def test_a_change_is_found_by_the_new_and_not_by_the_old(room: Room) -> None:
    """A changed phone replaces the old in row and look-up; the other fields stay."""
    room.write(lambda unit: persons.change(unit, holder_id=ANN, phone="13800000001", notes=None))
    assert [] == room.look(lambda view: persons.looked_up(view, "phone", "13912345678"))
    assert [ANN] == room.look(lambda view: persons.looked_up(view, "phone", "13800000001"))
    expected = PLAIN | {"phone": "13800000001", "notes": None}
    found = room.look(lambda view: persons.find(view, ANN))
    assert persons.Person(ANN, **expected) == found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", "  "),
        ("name", "长" * 61),
        ("name", "张\n三"),
        ("phone", "12345678901"),
        ("phone", "not a phone"),
        ("document", "1"),
        ("address", "长" * 121),
        ("notes", "长" * 201),
    ],
)
def test_what_cannot_be_is_refused(room: Room, field: str, text: str) -> None:
    """An unusable value names its field and changes nothing."""
    with pytest.raises(BadField) as refused:
        room.write(lambda unit: persons.change(unit, holder_id=ANN, **{field: text}))
    assert field == refused.value.field
    assert persons.Person(ANN, **PLAIN) == room.look(  # type: ignore[arg-type]
        lambda view: persons.find(view, ANN)
    )


def test_who_shares_a_document_is_one_person(room: Room) -> None:
    """The same document number on two rows is the same person; a same name or phone is not."""
    room.keep(BOB, name="乙", document="110101199003071234")
    room.keep(EVE, name="金丝雀", phone="13912345678", document="E1234567")
    assert {ANN, BOB} == room.look(lambda view: documents.same_person(view, [BOB]))
    assert {EVE} == room.look(lambda view: documents.same_person(view, [EVE]))
    assert {"mem_none"} == room.look(lambda view: documents.same_person(view, ["mem_none"]))


def test_names_are_masked_unless_asked_whole(room: Room) -> None:
    """Masked names show one character; who is not known is called gone."""
    masked = room.look(lambda view: persons.masked_names(view, [ANN, BOB]))
    assert {ANN: "金*", BOB: masks.GONE} == masked
    assert {ANN: "金丝雀"} == room.look(lambda view: persons.names(view, [ANN, BOB]))


def test_texts_about_a_person_are_theirs(room: Room) -> None:
    """A sealed text opens for its holder and purpose only, and not for a stranger's row."""
    sealed = room.write(lambda unit: persons.seal(unit, ANN, "reason", "金丝雀"))
    assert "金丝雀" not in str(sealed)
    opened = room.look(lambda view: persons.unseal(view, ANN, "reason", str(sealed)))
    assert "金丝雀" == opened
    assert room.look(lambda view: persons.unseal(view, ANN, "reason", None)) is None
    room.keep(BOB, name="乙")
    with pytest.raises(KeysUnusable):
        room.look(lambda view: persons.unseal(view, BOB, "reason", str(sealed)))
    with pytest.raises(KeysUnusable):
        room.look(lambda view: persons.unseal(view, ANN, "deed", str(sealed)))
    with pytest.raises(PersonNotFound):
        room.write(lambda unit: persons.seal(unit, "mem_none", "reason", "x"))


def test_the_forgotten_are_unknown_everywhere(room: Room) -> None:
    """After forgetting there is no row, no look-up and no name; texts about them do not open."""
    sealed = room.write(lambda unit: persons.seal(unit, ANN, "reason", "金丝雀"))
    key_id = str(room.write(lambda unit: persons.forget(unit, ANN)))
    room.database.vault.destroy(key_id)

    assert [] == room.look(rows)
    assert room.look(lambda view: persons.unseal(view, ANN, "reason", str(sealed))) is None
    assert {ANN: masks.GONE} == room.look(lambda view: persons.masked_names(view, [ANN]))
    with pytest.raises(PersonNotFound):
        room.look(lambda view: persons.find(view, ANN))

    def again(unit: Unit) -> None:
        persons.forget(unit, ANN)

    with pytest.raises(PersonNotFound):
        room.write(again)


def test_a_row_whose_key_is_destroyed_names_nobody(room: Room) -> None:
    """A row of an old backup, whose key was destroyed since, shows a person who is gone."""
    key_id = str(room.write(lambda unit: persons._key_of(unit, ANN)))
    room.database.vault.destroy(key_id)
    found = room.look(lambda view: persons.find(view, ANN))
    assert persons.Person(ANN, masks.GONE, None, None, None, None, None) == found
    assert {ANN: masks.GONE} == room.look(lambda view: persons.masked_names(view, [ANN]))
