"""A database that the first version made goes on with this one: books whole, names sealed."""

import gzip
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, MetaData, create_engine, insert, inspect, make_url, select

from api import proofs, schema
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.engines import migration_engine, normalised, sqlite_path
from creditbank.core.units import Actor
from creditbank.core.vault import Vault, keys_path
from creditbank.people import members, persons
from creditbank.service import attendance, reviews
from creditbank.tasks import claims, tasks, withdrawals
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import Party
from tests import postgres
from tests.society import ORGANISER, REVIEWER, as_member
from tests.statements import paused

DUMP = Path(__file__).parents[1] / "data" / "version-0001.sql.gz"


@dataclass(frozen=True)
class Before:
    """What the first version kept in plain words."""

    names: dict[str, str]
    reasons: dict[str, str]
    contents: dict[str, str]


@pytest.fixture(scope="module")
def first_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SQLite file as the first version left it."""
    path = tmp_path_factory.mktemp("first") / "first.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(gzip.decompress(DUMP.read_bytes()).decode())
    return path


@pytest.fixture
def before(first_version: Path) -> Before:
    """Its names, reasons and key contents."""
    with closing(sqlite3.connect(first_version)) as raw:
        return Before(
            dict(raw.execute("SELECT member_id, name FROM member")),
            dict(raw.execute("SELECT claim_id, reason FROM claim WHERE reason IS NOT NULL")),
            dict(raw.execute("SELECT key, content_hash FROM idempotency_key")),
        )


@pytest.fixture
def old_url(first_version: Path, empty_database_url: str, backend: str) -> str:
    """A database of the first version, on either kind."""
    if backend == "sqlite":
        sqlite_path(empty_database_url).write_bytes(first_version.read_bytes())
    else:
        _carry_over(first_version, empty_database_url)
    return empty_database_url


def _carry_over(source: Path, url: str) -> None:
    """Make the first version's tables in PostgreSQL and fill them from a SQLite file."""
    old, new = create_engine(f"sqlite:///{source}"), create_engine(normalised(url))
    with paused(), new.begin() as into:
        config = schema._config()
        config.attributes["connection"] = into
        command.upgrade(config, "0001")
    tables, known = MetaData(), MetaData()
    tables.reflect(new)
    known.reflect(old)
    with paused(), old.connect() as out, new.begin() as into:
        into.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
        for table in tables.sorted_tables:
            if table.name == "alembic_version":
                continue
            rows = out.execute(known.tables[table.name].select()).mappings()
            filled = [{name: _aware(value) for name, value in row.items()} for row in rows]
            if filled:
                into.execute(table.insert(), filled)
    old.dispose()
    new.dispose()


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


@pytest.fixture
def upgraded(old_url: str) -> Iterator[Database]:
    """The database after the upgrade."""
    with paused():
        schema.migrate(old_url)
    with Database(old_url) as database:
        yield database


def test_the_books_of_the_first_version_stay_whole(upgraded: Database) -> None:
    """Every proof holds after the upgrade, as it did before."""
    with paused():
        verdicts = proofs.audit_all(upgraded)
    assert [] == [one for several in verdicts.values() for one in several if one.findings]
    assert {"demo"} == set(verdicts)


def test_names_are_sealed_and_can_be_read(upgraded: Database, before: Before) -> None:
    """Each member has their name, found by its hash, too, and nobody else's key opens it."""
    bank_id = upgraded.bank().bank_id
    found = upgraded.read(bank_id, lambda view: persons.names(view, before.names))
    assert before.names == found
    member_id, name = next(iter(before.names.items()))
    assert member_id in upgraded.read(bank_id, lambda v: persons.looked_up(v, "name", name))
    kept = upgraded.read(bank_id, lambda view: members.find(view, member_id))
    assert members.MemberKind.RESIDENT == kept.kind


def test_reasons_are_sealed_and_can_be_read(upgraded: Database, before: Before) -> None:
    """Why a claim was refused is still known, and no longer in plain words."""
    bank_id = upgraded.bank().bank_id
    assert before.reasons
    for claim_id, reason in before.reasons.items():
        kept = upgraded.read(bank_id, lambda v, of=claim_id: claims.find(v, of))  # type: ignore[misc]
        shown = upgraded.read(bank_id, lambda v, of=kept: reviews.with_reasons(v, [of]))  # type: ignore[misc]
        assert reason == shown[0].reason
        assert reason not in str(kept.reason)


def test_keys_of_the_first_version_still_count(upgraded: Database, before: Before) -> None:
    """The content of every key is what it was, under the vault's hash."""
    with closing(Vault(keys_path(upgraded.url))) as vault, upgraded.reader._engine.connect() as at:
        rows = at.exec_driver_sql(
            "SELECT key, content_hash FROM idempotency_key WHERE bank_id = 1"
        ).all()
        expected = {key: vault.hashed("content", was) for key, was in before.contents.items()}
    assert expected == {row.key: row.content_hash for row in rows}


@dataclass(frozen=True)
class UnderWay:
    """Claims of one task that were under way in an older version, by where they stood."""

    task_id: str
    placed: tuple[str, str]
    signed_out: str
    approved: str


STARTS = datetime(2025, 3, 3, 1, 0, tzinfo=UTC)


def _under_way(url: str) -> UnderWay:
    """Write what people were about to do into a database of the first version."""
    engine = create_engine(normalised(url))
    known = MetaData()
    known.reflect(engine, only=["task", "claim", "task_reward", "member"])
    task, claim, reward = (known.tables[one] for one in ("task", "claim", "task_reward"))
    with paused(), engine.begin() as into:
        model = into.execute(
            select(task).where(task.c.stored_state == "open").order_by(task.c.task_id).limit(1)
        ).one()
        made: dict[str, Any] = dict(model._mapping)
        made |= {"task_id": "tsk_underway", "placed": 3, "capacity": 5, "starts_at": STARTS}
        into.execute(insert(task), made | {"ends_at": STARTS + timedelta(hours=1)})
        gives = into.execute(select(reward).where(reward.c.task_id == model.task_id)).mappings()
        into.execute(insert(reward), [dict(one) | {"task_id": "tsk_underway"} for one in gives])
        approved = into.execute(
            select(claim).where(claim.c.state == "approved").order_by(claim.c.decided_at.desc())
        ).first()
        assert approved is not None
        of = known.tables["member"].c
        whom = select(of.member_id).where(of.status == "active", of.member_id != approved.member_id)
        ids = into.execute(whom.order_by(of.member_id).limit(3)).scalars()
        for n, member_id in enumerate(ids):
            blank = dict.fromkeys(one.name for one in claim.columns)
            row = blank | {"bank_id": 1, "claim_id": f"clm_{n}", "task_id": "tsk_underway"}
            row |= {"member_id": member_id, "state": "placed", "claimed_by": member_id}
            row |= {"claimed_by_member": member_id, "claimed_at": STARTS - timedelta(days=9)}
            if n == 2:
                row |= {"state": "signed_out", "measured_minutes": 50}
                row |= {"signed_in_at": STARTS, "signed_out_at": STARTS + timedelta(minutes=50)}
                row |= {"signed_in_by": member_id, "signed_out_by": member_id}
            into.execute(insert(claim), row)
    engine.dispose()
    return UnderWay("tsk_underway", ("clm_0", "clm_1"), "clm_2", approved.claim_id)


@pytest.mark.parametrize("version", ["0001", "0002"])
def test_what_was_under_way_goes_on(old_url: str, version: str) -> None:
    """Old tasks and claims are read, left, served, reviewed and taken back; the books balance."""
    way = _under_way(old_url)
    with paused():
        _upgrade(old_url, version)
        schema.migrate(old_url)
    clock = ManualClock(STARTS - timedelta(minutes=30))
    with Database(old_url, clock=clock) as database:
        bank_id, keys = database.bank().bank_id, iter("abcdefgh")

        def by(actor: Actor, verb: Any, claim_id: str, **said: Any) -> Any:
            work = partial(verb, claim_id=claim_id, key=next(keys) * 16, **said)
            return database.write(bank_id, actor, work)

        def find(claim_id: str) -> claims.Claim:
            return database.read(bank_id, lambda view: claims.find(view, claim_id))

        stays, goes = (find(one) for one in way.placed)
        assert (
            ClaimState.WITHDRAWN
            == by(as_member(goes.member_id), withdrawals.withdraw, goes.claim_id).state
        )
        task = database.read(bank_id, lambda view: tasks.find(view, way.task_id))
        assert (2, tuple(Party)) == (task.placed, task.audience.open_to)
        by(ORGANISER, attendance.sign_in, stays.claim_id)
        clock.set(STARTS + timedelta(minutes=60))
        assert 60 == by(ORGANISER, attendance.sign_out, stays.claim_id).measured_minutes
        assert 60 == by(REVIEWER, reviews.approve, stays.claim_id).minutes
        assert 50 == by(REVIEWER, reviews.approve, way.signed_out).minutes
        head = Actor("stf_other", "community_head", None)
        back = by(head, reviews.withdraw_approval, way.approved, reason="重复登记")
        assert ClaimState.REVOKED == back.state
        with paused():
            verdicts = database.read(bank_id, proofs.audit)
        assert [] == [one for one in verdicts if one.findings]


def _upgrade(url: str, version: str) -> None:
    """Go on to a version that is not the last."""
    engine = migration_engine(normalised(url))
    with closing(Vault(keys_path(normalised(url)))) as vault, engine.begin() as into:
        config = schema._config()
        config.attributes |= {"connection": into, "vault": vault}
        command.upgrade(config, version)
    engine.dispose()


@pytest.mark.parametrize("backend", ["sqlite"])
def test_no_plain_name_stays_in_the_file(old_url: str, before: Before) -> None:
    """Not on a free page either."""
    with paused():
        schema.migrate(old_url)
    path = sqlite_path(old_url)
    held = b"".join(one.read_bytes() for one in path.parent.glob(path.name + "*"))
    assert [] == [name for name in set(before.names.values()) if name.encode() in held]


@pytest.mark.parametrize("backend", ["postgres"])
def test_no_plain_name_stays_in_the_tables(
    old_url: str, before: Before, postgres_server: postgres.Server
) -> None:
    """Not as a dead row or a dropped column in the files of PostgreSQL."""
    words = [one.encode() for one in {*before.names.values(), *before.reasons.values()}]
    assert [] != _held(postgres_server, old_url, words)
    with paused():
        schema.migrate(old_url)
    assert [] == _held(postgres_server, old_url, words)


def _held(server: postgres.Server, url: str, words: list[bytes]) -> list[str]:
    """Which files of a database hold one of these words, after all was written to them."""
    with server._connect() as admin:
        admin.execute("CHECKPOINT")
        found = admin.execute(
            "SELECT oid FROM pg_database WHERE datname = %s", [make_url(url).database]
        ).fetchone()
    assert found is not None
    folder = server._folder / "data" / "base" / str(found[0])
    return [one.name for one in sorted(folder.iterdir()) if _holds(one, words)]


def _holds(file: Path, words: list[bytes]) -> bool:
    """Whether a file that the server may take away at any moment holds one of these words."""
    try:
        held = file.read_bytes()
    except FileNotFoundError:
        return False
    return any(word in held for word in words)


@pytest.mark.parametrize("backend", ["sqlite"])
def test_an_upgraded_file_has_what_a_fresh_one_has(old_url: str, tmp_path: Path) -> None:
    """Tables that were built anew kept every column, CHECK, key, index and trigger, to the byte."""
    fresh_url = f"sqlite:///{tmp_path / 'fresh.db'}"
    with paused():
        schema.migrate(old_url)
        schema.migrate(fresh_url)
    upgraded, fresh = (_definitions(sqlite_path(url)) for url in (old_url, fresh_url))
    assert fresh == upgraded
    assert 4 == len([name for kind, name in fresh if kind == "trigger"])


@pytest.mark.parametrize("backend", ["sqlite"])
def test_rebuilt_tables_are_as_the_code_says(old_url: str, tmp_path: Path) -> None:
    """CHECKs, keys and indexes of the upgraded file are those of tables made at once."""
    made = create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    with paused():
        schema.migrate(old_url)
        schema.metadata().create_all(made)
    upgraded = create_engine(normalised(old_url))
    for table in schema.metadata().sorted_tables:
        assert _constraints(made, table.name) == _constraints(upgraded, table.name), table.name
    made.dispose()
    upgraded.dispose()


def _definitions(path: Path) -> dict[tuple[str, str], list[str]]:
    """What SQLite itself keeps of every table, index and trigger; lines in any order."""
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    return {
        (kind, name): sorted(line.strip(", \t") for line in (sql or "").splitlines())
        for kind, name, sql in rows
    }


def _constraints(engine: Engine, table: str) -> dict[str, Any]:
    """What a table refuses, and how it is found, without the order of columns."""
    looked = inspect(engine)
    columns = {
        one["name"]: (str(one["type"]), one["nullable"], one["default"])
        for one in looked.get_columns(table)
    }
    checks = {
        one["name"]: " ".join(one["sqltext"].split()) for one in looked.get_check_constraints(table)
    }
    indexes = {
        one["name"]: (
            one["column_names"],
            one["unique"],
            str(one["dialect_options"].get("sqlite_where")),
        )
        for one in looked.get_indexes(table)
    }
    foreign = sorted(
        (one["constrained_columns"], one["referred_table"], one["referred_columns"])
        for one in looked.get_foreign_keys(table)
    )
    unique = sorted(one["column_names"] for one in looked.get_unique_constraints(table))
    primary = looked.get_pk_constraint(table)["constrained_columns"]
    return {
        "columns": columns,
        "checks": checks,
        "indexes": indexes,
        "foreign": foreign,
        "unique": unique,
        "primary": primary,
    }
