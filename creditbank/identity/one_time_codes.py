"""One-time codes: how somebody proves that a phone is theirs, before anybody knows who they are.

One row per phone over all banks, found by keyed hash, so that the limits of a phone hold wherever
it asks; whether the number is anybody's is not looked at. A code is made from the attempt, the
bank and the vault's secret: it lies nowhere, and is no other attempt's and no other bank's.

    ask → (the sender) → prove → the proof, good for ten minutes → look_at_proof, take_proof

`prove` and `take_proof` count and burn under the row's lock; their refusals are returned as
`Declined`, because they must commit (law 6): hand them on. The phone is stored nowhere; the
client sends it again, and its hash must match.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Row, UniqueConstraint, delete, select, update
from sqlmodel import Field, SQLModel

from creditbank.core.keys import keyed
from creditbank.core.tables import UtcDateTime, insert_or_skip, table
from creditbank.core.units import Declined, Unit, View
from creditbank.identity.sign_in_errors import (
    CodeOver,
    CodesUsedUp,
    CodeTooSoon,
    CodeTriesOver,
    CodeWrong,
    ProofOver,
)
from creditbank.people import persons

DIGITS = 6
CODE_TTL_S = 300
RESEND_S = 60
TRIES_MOST = 5
SENT_PER_DAY_MOST = 10
PROOF_TTL_S = 600
KEPT_DAYS = 2
FORGOTTEN_AT_ONCE = 200

SIGN_IN = "sign-in"
_CODE = "sign-in-code"
_PROOF = "sign-in-proof"


class AttemptRow(SQLModel, table=True):
    """The latest attempt of a phone to sign in, wherever it was asked for (law 10's exception).

    ``handed_at``: the code went to the sender; ``proven_at``: it was typed right; ``taken_at``:
    the proof was used.
    """

    __tablename__ = "sign_in_attempt"
    __table_args__ = (UniqueConstraint("attempt_id"),)

    phone_hash: str = Field(primary_key=True, max_length=64)
    asked_at_bank: int = Field(sa_type=BigInteger)
    day: date
    sent: int
    attempt_id: str = Field(max_length=40)
    sent_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    tries: int
    handed_at: datetime | None = Field(sa_type=UtcDateTime)
    proven_at: datetime | None = Field(sa_type=UtcDateTime)
    taken_at: datetime | None = Field(sa_type=UtcDateTime)


attempts = table(AttemptRow)


@dataclass(frozen=True, slots=True)
class Asked:
    """A code is on its way; another one can be asked for at ``resend_at``."""

    attempt_id: str
    resend_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Proven:
    """The phone of an attempt is theirs; `proof_of` renders what shows it until ``ends_at``."""

    attempt_id: str
    ends_at: datetime


# Asking ----------------------------------------------------------------------------------------


@keyed
def ask(unit: Unit, *, phone: str, key: str) -> Asked:  # noqa: ARG001 - the key is @keyed's
    """Begin an attempt of a phone, whoever's it is; an earlier one ends, and so does its proof.

    The code is not in the answer: `hand_over` gives it out once, after this unit's commit.

    Raises:
        BadField: it is no phone number.
        CodeTooSoon: the last code is younger than a minute.
        CodesUsedUp: this phone had as many as a day allows, over all banks.
    """
    phone_hash = _hash_of(unit, phone)
    fresh = {
        "asked_at_bank": unit.bank_id,
        "day": unit.today,
        "sent": 1,
        "attempt_id": unit.new_id("att"),
        "sent_at": unit.now,
        "ends_at": unit.now + timedelta(seconds=CODE_TTL_S),
        "tries": 0,
        "handed_at": None,
        "proven_at": None,
        "taken_at": None,
    }
    made = unit.run(
        insert_or_skip(unit.connection, attempts).returning(attempts.c.attempt_id),
        {"phone_hash": phone_hash} | fresh,
    ).first()
    if made is None:
        row = _lock(unit, attempts.c.phone_hash == phone_hash)
        assert row is not None, "the insert was skipped, so it is there"
        _renew(unit, row, fresh)
    resend_at = unit.now + timedelta(seconds=RESEND_S)
    return Asked(str(fresh["attempt_id"]), resend_at, unit.now + timedelta(seconds=CODE_TTL_S))


def _renew(unit: Unit, row: Row[Any], fresh: dict[str, Any]) -> None:
    """Put a new attempt in the place of the last one, if its phone may have another code.

    A bank whose day began earlier starts the count over; one whose day is still to come doesn't.
    """
    resend_at = row.sent_at + timedelta(seconds=RESEND_S)
    if unit.now < resend_at:
        raise CodeTooSoon(resend_at.isoformat())
    if row.day >= unit.today:
        if row.sent >= SENT_PER_DAY_MOST:
            raise CodesUsedUp(SENT_PER_DAY_MOST)
        fresh = fresh | {"day": row.day, "sent": row.sent + 1}
    unit.run(update(attempts).where(attempts.c.phone_hash == row.phone_hash).values(fresh))


def hand_over(unit: Unit, *, attempt_id: str) -> str | None:
    """Return the code of an attempt for the sender, once; None if it was given out before.

    A unit of its own, between the commit of `ask` and the sending, so that a copy of a request
    sends nothing twice.
    """
    row = _lock(unit, attempts.c.attempt_id == attempt_id)
    if row is None or row.handed_at is not None:
        return None
    _set(unit, row, handed_at=unit.now)
    return _code_of(unit, row)


# Proving ---------------------------------------------------------------------------------------


def prove(unit: Unit, *, attempt_id: str, phone: str, code: str) -> Proven | Declined:
    """See whether a code is the one that was sent to a phone at this bank, and use it up.

    A wrong one is counted under the row's lock and comes back as `Declined`, to be returned by
    whoever calls, so that the count commits: `CodeWrong`, `CodeTriesOver` after five, `CodeOver`
    if it is too old, used, another phone's, another bank's, or nobody's.

    Raises:
        BadField: it is no phone number.
    """
    phone_hash = _hash_of(unit, phone)
    row = _lock(unit, attempts.c.attempt_id == attempt_id)
    if (
        row is None
        or row.asked_at_bank != unit.bank_id
        or row.phone_hash != phone_hash
        or row.proven_at is not None
        or unit.now >= row.ends_at
    ):
        return Declined(CodeOver())
    if row.tries >= TRIES_MOST:
        return Declined(CodeTriesOver())
    if not hmac.compare_digest(code.encode(), _code_of(unit, row).encode()):
        _set(unit, row, tries=row.tries + 1)
        left = TRIES_MOST - row.tries - 1
        return Declined(CodeWrong(left) if left else CodeTriesOver())
    _set(unit, row, proven_at=unit.now)
    return Proven(row.attempt_id, unit.now + timedelta(seconds=PROOF_TTL_S))


def proof_of(view: View, proven: Proven) -> str:
    """Return the proof that the client keeps; only for whoever typed the code, never stored."""
    return f"{proven.attempt_id}.{_secret_of(view, proven.attempt_id)}"


def spend(unit: Unit, *, attempt_id: str) -> None:
    """Use the proof of an attempt up in the unit that proved it."""
    unit.run(update(attempts).where(attempts.c.attempt_id == attempt_id).values(taken_at=unit.now))


def look_at_proof(view: View, *, proof: str, phone: str) -> str:
    """Return the phone number, as it is kept, that a proof of this bank is for; it stays good.

    Raises:
        BadField: it is no phone number.
        ProofOver: it is no proof of this phone here, it was used, or its time is over.
    """
    normal = persons.normal_phone(phone)
    row = view.row(select(attempts).where(attempts.c.attempt_id == attempt_of(proof)))
    if row is None or not _is_good(view, row, proof, _hash_of(view, normal)):
        raise ProofOver
    return normal


def take_proof(unit: Unit, *, proof: str, phone: str) -> str:
    """Use a proof up and return the phone number, as it is kept, that it is for.

    If the unit is undone, the proof is as good as before.

    Raises:
        BadField: it is no phone number.
        ProofOver: it is no proof of this phone here, it was used, or its time is over.
    """
    normal = hold_proof(unit, proof=proof, phone=phone)
    spend(unit, attempt_id=attempt_of(proof))
    return normal


def hold_proof(unit: Unit, *, proof: str, phone: str) -> str:
    """Lock a proof, which stays good, and return the phone number that it is for.

    The attempt comes before members in the order of locks.

    Raises:
        BadField: it is no phone number.
        ProofOver: it is no proof of this phone here, it was used, or its time is over.
    """
    normal = persons.normal_phone(phone)
    row = _lock(unit, attempts.c.attempt_id == attempt_of(proof))
    if row is None or not _is_good(unit, row, proof, _hash_of(unit, normal)):
        raise ProofOver
    return normal


def attempt_of(proof: str) -> str:
    """Return the attempt that a proof is of."""
    return proof.partition(".")[0]


def _is_good(view: View, row: Row[Any], proof: str, phone_hash: str) -> bool:
    expected = f"{row.attempt_id}.{_secret_of(view, row.attempt_id)}"
    return (
        row.asked_at_bank == view.bank_id
        and row.phone_hash == phone_hash
        and row.taken_at is None
        and row.proven_at is not None
        and view.now < row.proven_at + timedelta(seconds=PROOF_TTL_S)
        and hmac.compare_digest(proof.encode(), expected.encode())
    )


# Forgetting ------------------------------------------------------------------------------------


def forget(unit: Unit, *, phone: str) -> None:
    """Leave nothing of a phone's attempts, for somebody who is erased."""
    unit.run(delete(attempts).where(attempts.c.phone_hash == _hash_of(unit, phone)))


def forget_old(unit: Unit, *, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Drop up to ``limit`` attempts that limit nothing any more; return how many."""
    over = unit.now - timedelta(days=KEPT_DAYS)
    old = unit.rows(
        select(attempts.c.phone_hash)
        .where(attempts.c.sent_at < over)
        .order_by(attempts.c.phone_hash)
        .limit(limit)
    )
    if old:
        hashes = [row.phone_hash for row in old]
        stale = (attempts.c.phone_hash.in_(hashes), attempts.c.sent_at < over)
        unit.run(delete(attempts).where(*stale))
    return len(old)


def _hash_of(view: View, phone: str) -> str:
    return view.vault.hashed(SIGN_IN, persons.normal_phone(phone))


def _code_of(view: View, row: Row[Any]) -> str:
    digest = view.vault.hashed(_CODE, f"{row.asked_at_bank}/{row.attempt_id}/{row.phone_hash}")
    return f"{int(digest, 16) % 10**DIGITS:0{DIGITS}d}"


def _secret_of(view: View, attempt_id: str) -> str:
    return view.vault.hashed(_PROOF, f"{view.bank_id}/{attempt_id}")


def _lock(unit: Unit, which: Any) -> Row[Any] | None:
    return unit.row(select(attempts).where(which).with_for_update(key_share=True))


def _set(unit: Unit, row: Row[Any], **values: object) -> None:
    unit.run(update(attempts).where(attempts.c.phone_hash == row.phone_hash).values(**values))
