"""Erasures: asked for, waited for, carried out; the ledger stays whole and names nobody."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, select

from api import proofs, scheduler, schema
from api.privacy.registry import PERSONAL
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.engines import is_sqlite, sqlite_path
from creditbank.core.errors import KeysUnusable
from creditbank.core.units import Unit, View
from creditbank.core.vault import Vault
from creditbank.identity import staff
from creditbank.identity.roles import Role
from creditbank.identity.staff import StaffState
from creditbank.leaving import forgetting
from creditbank.ledger import chart, statements
from creditbank.people import masks, persons
from creditbank.people.errors import PersonNotFound
from tests.integration.test_consents import slug_of
from tests.integration.test_reveals import PLAIN, ask, patch, person
from tests.web import OPERATOR, Web, new_key, opened

ALL_PLAIN = (*PLAIN.values(), "会唱歌", "核对参保资料", "没有到二号桥")


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with opened(database, clock) as opened_web:
        yield opened_web


def rich(web: Web, units: int = 10, **changes: object) -> tuple[str, str]:
    """A member who served, was refused once, earned, was revealed and keeps a note."""
    member_id, token = person(web, **changes)
    claim = web.served(token)
    web.made(f"/claims/{claim}/reject", web.reviewer, {"reason": "没有到二号桥"})
    claim = web.served(token, units)
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    ask(web, member_id, web.organiser, "phone")
    patch(web, f"/members/{member_id}/personal-data", token, {"notes": "会唱歌"})
    return member_id, token


def wish(web: Web, member_id: str, token: str, **form: object) -> dict[str, Any]:
    """Ask to be erased."""
    body = {"goes": "expire"} | form
    answer: dict[str, Any] = web.made(f"/members/{member_id}/erasures", token, body)
    return answer


def work(web: Web) -> None:
    """Let the jobs of erasures do what is due."""
    kinds = {forgetting.KIND, forgetting.KEYS_KIND}
    works = [one for one in scheduler.WORKS if one.kind in kinds]
    scheduler.run_due(web.database, "test", works)


def stands(web: Web, member_id: str) -> dict[str, Any]:
    """The latest wish of a member, as the office sees it."""
    found: dict[str, Any] = web.get(f"/members/{member_id}/erasures", web.organiser).json()[0]
    return found


def balance(web: Web, address: str) -> int:
    """What an account has to spend."""
    look = web.database.read
    found = look(web.bank.bank_id, lambda view: statements.balances(view, address))
    return sum(one.available for one in found if one.asset == "XYB")


def rows(view: View, tables: MetaData) -> list[str]:
    """Every row of every table of the bank, as text."""
    return [
        repr(row)
        for table in tables.sorted_tables
        if "bank_id" in table.columns
        for row in view.rows(select(table).where(table.c.bank_id == view.bank_id))
    ]


def test_an_erasure_waits_seven_days_and_can_be_taken_back(web: Web) -> None:
    """Nothing happens before the seventh day is over; a wish that is taken back never happens."""
    member_id, token = rich(web)
    first = wish(web, member_id, token)
    web.clock.advance(hours=7 * 24, seconds=-1)
    work(web)
    assert "asked" == stands(web, member_id)["state"]
    taken = web.post(f"/erasures/{first['erasure_id']}/cancel", token)
    assert (200, "cancelled") == (taken.status_code, taken.json()["state"])
    web.clock.advance(hours=48)
    work(web)
    assert 200 == web.get(f"/members/{member_id}/personal-data", token).status_code
    again = web.post(f"/erasures/{first['erasure_id']}/cancel", token)
    assert (409, "state-conflict") == (again.status_code, slug_of(again))


def test_after_seven_days_nobody_knows_them(web: Web) -> None:
    """Names, hashes, devices and tokens are gone, texts do not open, the books are whole."""
    member_id, token = rich(web)
    sealed = web.database.read(
        web.bank.bank_id,
        lambda view: view.rows(
            select(persons.persons).where(persons.persons.c.bank_id == view.bank_id)
        ),
    )
    wish(web, member_id, token)
    web.clock.advance(hours=7 * 24)
    work(web)
    done = stands(web, member_id)
    assert ("done", None) == (done["state"], done["waits"])
    key_id = next(row.key_id for row in sealed if row.holder_id == member_id)
    assert not web.database.vault.has(key_id)
    assert 401 == web.get(f"/members/{member_id}/balances", token).status_code
    shown = web.get(f"/members/{member_id}", web.organiser).json()
    assert ("closed", masks.GONE) == (shown["status"], shown["name"])
    for what in ("phone", "document", "name"):
        found = web.database.read(
            web.bank.bank_id, lambda view, what=what: persons.looked_up(view, what, PLAIN[what])
        )
        assert [] == found
    tables = schema.metadata()
    left = {
        name
        for name, kept in PERSONAL.items()
        if kept.deleted and kept.whose is not None
        if web.database.read(web.bank.bank_id, lambda v, n=name: _about(v, tables, n, member_id))
    }
    assert set() == left
    everything = web.database.read(web.bank.bank_id, lambda view: "".join(rows(view, tables)))
    for plain in ALL_PLAIN:
        assert plain not in everything
    verdicts = web.database.read(web.bank.bank_id, proofs.audit)
    assert 0 == proofs.count(verdicts)


def _about(view: View, tables: MetaData, name: str, member_id: str) -> int:
    """How many rows of a table are about a member."""
    table, kept = tables.tables[name], PERSONAL[name]
    assert kept.whose is not None
    query = select(table).where(
        table.c.bank_id == view.bank_id, kept.whose(tables, table, [member_id])
    )
    return len(view.rows(query))


@pytest.mark.parametrize("goes", ["expire", "donate", "give"])
def test_the_points_go_where_the_member_wanted(web: Web, goes: str) -> None:
    """All that can be spent moves by one transfer: to the fund, to one member, or it expires."""
    member_id, token = rich(web, 12)
    community = web.get(f"/members/{member_id}", web.organiser).json()["community_id"]
    kin_id, _ = person(web, name="女儿", phone="13700000001", document="E7654321")
    form = {"to_member_id": kin_id} if goes == "give" else {}
    wish(web, member_id, token, goes=goes, **form)
    web.clock.advance(hours=7 * 24)
    work(web)
    assert stands(web, member_id)["transfer_id"] is not None
    assert 0 == balance(web, chart.member(member_id))
    assert (12 if goes == "give" else 0) == balance(web, chart.member(kin_id))
    assert (12 if goes == "donate" else 0) == balance(web, chart.fund(community))


def test_who_may_ask_for_whom(web: Web) -> None:
    """A member for oneself, the office for its community's; nobody gains by what they write."""
    member_id, token = rich(web)
    other_id, other = person(web, phone="13700000001", document="E7654321")
    path = f"/members/{member_id}/erasures"
    elsewhere = web.token(Role.ORGANISER, community_id=web.community())
    for stranger in (elsewhere, web.treasurer, web.auditor, web.reviewer):
        assert 403 == web.post(path, stranger, {"goes": "expire"}).status_code
    assert 404 == web.post(path, other, {"goes": "expire"}).status_code
    assert 404 == web.get(path, other).status_code
    office = web.token(Role.ORGANISER, member_id=other_id)
    gains = web.post(path, office, {"goes": "give", "to_member_id": other_id})
    assert (403, "involved") == (gains.status_code, slug_of(gains))
    own = web.post(path, token, {"goes": "give", "to_member_id": member_id})
    assert (403, "involved") == (own.status_code, slug_of(own))
    for wrong in ({"goes": "give"}, {"goes": "donate", "to_member_id": other_id}, {"goes": "sell"}):
        assert 422 == web.post(path, token, wrong).status_code
    assert 201 == web.post(path, office, {"goes": "expire"}).status_code
    twice = web.post(path, token, {"goes": "donate"})
    assert (409, "state-conflict") == (twice.status_code, slug_of(twice))


def test_it_waits_for_what_is_open(web: Web) -> None:
    """A service under review keeps the wish waiting, and is named; then it is carried out."""
    member_id, token = rich(web)
    claim = web.served(token)
    wish(web, member_id, token)
    web.clock.advance(hours=7 * 24)
    work(web)
    found = stands(web, member_id)
    assert ("asked", "claims-in-flight") == (found["state"], found["waits"])
    assert 10 == balance(web, chart.member(member_id))
    assert 200 == web.get(f"/members/{member_id}/personal-data", token).status_code
    web.made(f"/claims/{claim}/reject", web.reviewer, {"reason": "未完成"})
    work(web)
    assert "asked" == stands(web, member_id)["state"], "it is looked at again in some hours"
    web.clock.advance(hours=6)
    work(web)
    found = stands(web, member_id)
    assert ("done", None) == (found["state"], found["waits"])


def test_it_waits_for_a_hold_at_a_till(web: Web) -> None:
    """Points on hold are waited for."""
    member_id, token = rich(web, 60)
    wish(web, member_id, token, goes="donate")
    web.clock.advance(hours=7 * 24)
    _, _, till = web.shop()
    digits = web.pay_code(member_id, token)
    scanned = web.made("/scans", till, {"code": digits, "cart_fen": 30_000})
    path = f"/redemptions/{scanned['redemption_id']}/authorise"
    web.made(path, till, {})
    work(web)
    assert ("asked", "holds-open") == (
        stands(web, member_id)["state"],
        stands(web, member_id)["waits"],
    )


def test_it_waits_for_a_debt(web: Web) -> None:
    """What is still to be earned back is waited for; who earns it back is forgotten then."""
    member_id, token = person(web)
    claim = web.served(token)
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    _, _, till = web.shop()
    code = web.pay_code(member_id, token)
    web.made("/scan-and-redeem", till, {"code": code, "cart_fen": 3_000})
    wish(web, member_id, token)
    web.made(f"/claims/{claim}/withdraw-approval", web.second, {"reason": "误批"})
    web.clock.advance(hours=7 * 24)
    work(web)
    found = stands(web, member_id)
    assert ("asked", "in-debt") == (found["state"], found["waits"])


def test_office_holders_leave_office_first(web: Web) -> None:
    """Who is in office cannot ask; it says so."""
    member_id, token = rich(web)
    web.database.write(web.bank.bank_id, OPERATOR, lambda unit: _take_office(unit, member_id))
    refused = web.post(f"/members/{member_id}/erasures", token, {"goes": "expire"})
    assert (409, "in-office") == (refused.status_code, slug_of(refused))


def test_an_office_held_under_a_merged_row_counts(web: Web) -> None:
    """Who came into office before two of their rows were merged is still in office."""
    old_id, _ = person(web)
    web.database.write(web.bank.bank_id, OPERATOR, lambda unit: _take_office(unit, old_id))
    member_id, token = person(web, phone="13700000001")
    web.made("/merges", web.organiser, {"old_id": old_id, "kept_id": member_id})
    refused = web.post(f"/members/{member_id}/erasures", token, {"goes": "expire"})
    assert (409, "in-office") == (refused.status_code, slug_of(refused))


def test_who_worked_at_a_till_is_forgotten_there_too(web: Web) -> None:
    """A cashier's name lies under a key of its own: it goes as well, and with it the work."""
    member_id, token = rich(web)
    merchant, _, till = web.shop()
    owner = web.token(Role.SHOP_OWNER, merchant_id=merchant)
    body = {"name": "王小丽", "pin": "135790", "member_id": member_id}
    cashier_id = web.made(f"/merchants/{merchant}/cashiers", owner, body)["cashier_id"]
    web.made("/till/cashier", till, {"cashier_id": cashier_id, "pin": "135790"})
    key_id = web.database.read(web.bank.bank_id, lambda v: persons._key_of(v, cashier_id))
    wish(web, member_id, token)
    web.clock.advance(hours=7 * 24)
    work(web)
    assert "done" == stands(web, member_id)["state"]
    [shown] = web.get(f"/merchants/{merchant}/cashiers", owner).json()
    assert (masks.GONE, "suspended") == (shown["name"], shown["state"])
    assert not web.database.vault.has(key_id)
    left = web.database.read(
        web.bank.bank_id, lambda v: _about(v, schema.metadata(), "till_turn", cashier_id)
    )
    assert 0 == left


def _take_office(unit: Unit, member_id: str) -> None:
    staff_id = staff.enrol(unit, name="张三", member_id=member_id)
    staff.give_login(unit, staff_id, login="zhang", password_hash=new_key())
    staff.store(unit, staff_id, state=StaffState.ACTIVE)


def test_a_crash_before_the_keys_are_destroyed_is_made_good(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure stands, the key is still there, and the next run of the job destroys it."""
    member_id, token = rich(web)
    wish(web, member_id, token)
    web.clock.advance(hours=7 * 24)
    key_id = web.database.read(web.bank.bank_id, lambda v: persons._key_of(v, member_id))

    def broken(_vault: Vault, _key_id: str) -> None:
        raise KeysUnusable("persons.keys")

    with monkeypatch.context() as patched:
        patched.setattr(Vault, "destroy", broken)
        with pytest.raises(KeysUnusable):
            work(web)
    assert "done" == stands(web, member_id)["state"]
    assert web.database.vault.has(key_id)
    web.clock.advance(seconds=61)
    work(web)
    assert not web.database.vault.has(key_id)
    waiting = web.database.read(web.bank.bank_id, lambda v: forgetting.keys_to_destroy(v, 10))
    assert [] == waiting


def test_an_erasure_that_fails_destroys_no_key(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is rolled back leaves the person readable: keys go only after the commit."""
    member_id, token = rich(web)
    wish(web, member_id, token)
    web.clock.advance(hours=7 * 24)

    def broken(*_: object) -> None:
        raise RuntimeError("torn off")

    with monkeypatch.context() as patched:
        patched.setattr(forgetting, "_move", broken)
        with pytest.raises(RuntimeError):
            work(web)
    own = web.get(f"/members/{member_id}/personal-data", token)
    assert (200, PLAIN["name"]) == (own.status_code, own.json()["name"])


def test_an_old_key_file_does_not_bring_them_back(web: Web, tmp_path: Path) -> None:
    """A key that an older copy of the key file brings back is destroyed by the day's job."""
    member_id, token = rich(web)
    key_id = web.database.read(web.bank.bank_id, lambda v: persons._key_of(v, member_id))
    vault = web.database.vault
    vault.file.backup(tmp_path / "old.keys")
    wish(web, member_id, token)
    web.clock.advance(hours=7 * 24)
    work(web)
    assert not vault.has(key_id)
    shutil.copyfile(tmp_path / "old.keys", tmp_path / "put back")
    (tmp_path / "put back").replace(vault.file.keys)
    assert vault.has(key_id)
    web.clock.advance(hours=24)
    work(web)
    assert not vault.has(key_id)


def test_an_old_copy_of_the_database_names_them_no_more(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    """An old backup with today's keys shows everybody else, but not who was erased since."""
    if not is_sqlite(database.url):
        pytest.skip("one file is the simplest old copy; keys are the same for both")
    with opened(database, clock) as web:
        member_id, token = rich(web)
        other_id, _ = person(web, name="别人", phone="13700000001", document="E7654321")
        old = tmp_path / "old.db"
        with web.database.writer._engine.connect() as at:
            at.exec_driver_sql("COMMIT")
            at.exec_driver_sql(f"VACUUM INTO '{old}'")
        wish(web, member_id, token)
        clock.advance(hours=7 * 24)
        work(web)
        bank_id, keys = web.bank.bank_id, web.database.vault.file
    with Database(f"sqlite:///{old}", writing=False, vault=Vault(keys.keys, keys.master)) as copy:
        names = copy.read(bank_id, lambda view: persons.names(view, [member_id, other_id]))
        assert {other_id: "别人"} == names
        found = copy.read(bank_id, lambda view: persons.find(view, member_id))
        assert (masks.GONE, None, None) == (found.name, found.phone, found.document)


def test_nothing_of_them_is_left_in_the_file(database: Database, clock: ManualClock) -> None:
    """Not one of their words stands in the SQLite file or its log, before or after."""
    if not is_sqlite(database.url):
        pytest.skip("the rows of PostgreSQL are looked through in test_canaries")
    path = sqlite_path(database.url)
    with opened(database, clock) as web:
        member_id, token = rich(web)
        wish(web, member_id, token)
        clock.advance(hours=7 * 24)
        work(web)
        kept = b"".join(one.read_bytes() for one in path.parent.glob(path.name + "*"))
    for plain in ALL_PLAIN:
        assert plain.encode() not in kept


def test_the_same_wish_twice_is_one(web: Web) -> None:
    """A repeated request gives the same wish."""
    member_id, token = rich(web)
    path, key = f"/members/{member_id}/erasures", new_key()
    first = web.post(path, token, {"goes": "expire"}, key=key)
    assert first.json() == web.post(path, token, {"goes": "expire"}, key=key).json()
    assert 1 == len(web.get(path, token).json())
    other = web.post(path, token, {"goes": "donate"}, key=key)
    assert (422, "key-reused") == (other.status_code, slug_of(other))


def test_the_erased_stay_erased(web: Web) -> None:
    """No reveal, no correction, no export and no second wish brings anything back."""
    member_id, token = rich(web)
    wish(web, member_id, token)
    web.clock.advance(hours=7 * 24)
    work(web)
    assert 404 == ask(web, member_id, web.organiser).status_code
    body = {"name": "又来", "reason": "x"}
    path = f"/members/{member_id}/personal-data/corrections"
    assert 404 == web.post(path, web.organiser, body).status_code
    again = web.post(f"/members/{member_id}/erasures", web.organiser, {"goes": "expire"})
    assert (404, "person-not-found") == (again.status_code, slug_of(again))
    with pytest.raises(PersonNotFound):
        web.database.read(web.bank.bank_id, lambda view: persons.find(view, member_id))
