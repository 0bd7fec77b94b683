"""Guessing at one-time codes, one at a time or many at once, and what was counted of it."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event, select
from sqlalchemy.engine import Engine

from creditbank.core import banks
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Declined, Unit
from creditbank.identity import one_time_codes
from creditbank.identity.one_time_codes import Asked, Proven, attempts
from tests.residents import PHONE

R = TypeVar("R")

NOBODY = Actor("anon", "none")
_keys = itertools.count(1)


def wrong_codes(code: str) -> Iterator[str]:
    """Every code but the right one, in order."""
    return (guess for number in range(10**6) if (guess := f"{number:06d}") != code)


def _bank(connection: Connection, now: datetime, slug: str, zone: str) -> int:
    known = {bank.slug: bank.bank_id for bank in banks.every(connection)}
    if slug in known:
        return known[slug]
    return banks.create(connection, slug=slug, name=slug, zone=zone, now=now).bank_id


class Guesser:
    """Somebody at a bank of an open database, who asks, proves and guesses."""

    def __init__(
        self, database: Database, clock: ManualClock, slug: str, zone: str = "Asia/Shanghai"
    ) -> None:
        self.database = database
        self.clock = clock
        self.bank_id = database.install(lambda c, now: _bank(c, now, slug, zone))

    def do(self, work: Callable[[Unit], R | Declined]) -> R:
        """Run one unit."""
        return self.database.write(self.bank_id, NOBODY, work)

    def ask(self, phone: str = PHONE, *, key: str = "") -> Asked:
        """Ask for a code."""
        key = key or f"guesser-key-{next(_keys):06d}"
        return self.do(lambda unit: one_time_codes.ask(unit, phone=phone, key=key))

    def submit_ask(self, key: str) -> Future[Asked]:
        """Queue asking for a code."""
        return self.database.writer.submit(
            self.bank_id, NOBODY, lambda unit: one_time_codes.ask(unit, phone=PHONE, key=key)
        )

    def hand_over(self, asked: Asked) -> str | None:
        """Give the code to the sender."""
        return self.do(lambda u: one_time_codes.hand_over(u, attempt_id=asked.attempt_id))

    def code(self, asked: Asked) -> str:
        """The code that was sent."""
        code = self.hand_over(asked)
        assert code is not None
        return code

    def peek(self, asked: Asked) -> str:
        """The code of an attempt, whether or not it was sent before."""

        def look(unit: Unit) -> str:
            row = unit.row(select(attempts).where(attempts.c.attempt_id == asked.attempt_id))
            assert row is not None
            return one_time_codes._code_of(unit, row)

        return self.do(look)

    def prove(self, asked: Asked, code: str, *, phone: str = PHONE) -> Proven:
        """Type a code."""
        attempt_id = asked.attempt_id
        return self.do(
            lambda u: one_time_codes.prove(u, attempt_id=attempt_id, phone=phone, code=code)
        )

    def proof(self, proven: Proven) -> str:
        """What shows that a phone was proven."""
        return self.database.read(self.bank_id, lambda v: one_time_codes.proof_of(v, proven))

    def look(self, proof: str, phone: str = PHONE) -> str:
        """Look at a proof."""
        return self.database.read(
            self.bank_id, lambda v: one_time_codes.look_at_proof(v, proof=proof, phone=phone)
        )

    def take(self, proof: str, phone: str = PHONE) -> str:
        """Take a proof."""
        return self.do(lambda unit: one_time_codes.take_proof(unit, proof=proof, phone=phone))

    def guess(self, asked: Asked, guesses: Sequence[str], *, at_once: int) -> Counter[str]:
        """Type many codes, so many at once; what came back, by name."""
        got: Counter[str] = Counter()
        attempt_id = asked.attempt_id

        def proving(code: str) -> Callable[[Unit], Proven | Declined]:
            return lambda u: one_time_codes.prove(u, attempt_id=attempt_id, phone=PHONE, code=code)

        for start in range(0, len(guesses), at_once):
            futures = [
                self.database.writer.submit(self.bank_id, NOBODY, proving(code))
                for code in guesses[start : start + at_once]
            ]
            wait(futures)
            for future in futures:
                error = future.exception()
                got[type(future.result() if error is None else error).__name__] += 1
        return got

    def row(self, phone: str = PHONE) -> dict[str, Any]:
        """The row of a phone."""

        def look(unit: Unit) -> dict[str, Any]:
            phone_hash = unit.vault.hashed(one_time_codes.SIGN_IN, phone)
            row = unit.row(select(attempts).where(attempts.c.phone_hash == phone_hash))
            assert row is not None
            return dict(row._mapping)

        return self.do(look)

    def counted(self) -> int:
        """The tries of the only row there is, read by another connection."""
        engine = create_engine(self.database.url)
        try:
            with engine.connect() as connection:
                tries: int = connection.execute(select(attempts.c.tries)).scalar_one()
        finally:
            engine.dispose()
        return tries

    def statements_of_ask(self, phone: str) -> list[str]:
        """What asking for a phone's code reads and writes."""
        seen: list[str] = []

        def note(_: Connection, __: object, statement: str, *___: object) -> None:
            if statement.partition(" ")[0] in {"INSERT", "SELECT", "UPDATE", "DELETE"}:
                seen.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        try:
            self.ask(phone)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        return seen
