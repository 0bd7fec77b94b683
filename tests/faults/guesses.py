"""Guesses of typed pay codes and cards at many tills, with codes alive that could be hit."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select

from creditbank.core.engines import normalised, read_engine
from merchants import code_digits, scans, tills
from merchants.errors import CodeUnknown, TillLocked
from tests.merchant_builders import outcomes
from tests.payers import Payers

ALIVE = 20
IN_A_ROW = 12
WRONG_MOST = 10
LOCK_S = 1800


@dataclass(frozen=True, slots=True)
class Guessed:
    """What became of the guesses: how many were looked at, and what a second connection read."""

    guesses: int
    looked_at: int
    locked_out: int
    hits: int
    rounds: int
    rounds_all_locked: int


def guess(street: Payers, url: str, *, tills_many: int, guesses: int) -> Guessed:
    """Let each till try codes in parallel until it is locked, wait the lock out, and go on."""
    at = [street.till() for _ in range(tills_many)]
    shown = [street.member(10) for _ in range(ALIVE)]
    for one in shown[: ALIVE // 2]:
        street.card(one)
    got: Counter[object] = Counter()
    typed, rounds, all_locked = _typed(), 0, 0
    while got.total() < guesses:
        for one in shown:
            street.issued(one)
        tried = [
            street.submit(
                till_id,
                partial(scans.scan, code=next(typed), cart_fen=3000, key=street.name()),
            )
            for _ in range(IN_A_ROW)
            for till_id in at
        ]
        got.update(_kind(one) for one in outcomes(tried))
        rounds += 1
        all_locked += _locked(url, street, at) == len(at)
        street.clock.advance(seconds=LOCK_S)
    looked_at, locked_out = got[CodeUnknown], got[TillLocked]
    hits = got.total() - looked_at - locked_out
    return Guessed(got.total(), looked_at, locked_out, hits, rounds, all_locked)


def _kind(outcome: object) -> object:
    return outcome if isinstance(outcome, type) else type(outcome)


def _typed() -> Iterator[str]:
    """Digits as a patient guesser types them: whole codes with the right check digit."""
    source = random.Random(20260301)
    while True:
        body = f"{source.randrange(10**code_digits.RANDOM_DIGITS):0{code_digits.RANDOM_DIGITS}d}"
        prefix = source.choice((code_digits.PREFIX, code_digits.CARD_PREFIX))
        yield code_digits.complete(body, prefix=prefix)


def _locked(url: str, street: Payers, at: list[str]) -> int:
    """How many of these tills are locked for the whole time now, as another connection sees it."""
    of = tills.tills
    engine = read_engine(normalised(url))
    try:
        with engine.connect() as connection:
            rows = connection.execute(
                select(of.c.locked_until, of.c.wrong_at).where(
                    of.c.bank_id == street.bank_id, of.c.till_id.in_(at)
                )
            ).all()
    finally:
        engine.dispose()
    now = street.clock.now()
    return sum(
        row.locked_until is not None and row.locked_until > now and row.wrong_at == []
        for row in rows
    )
