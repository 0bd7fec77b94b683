"""Tokens of tills: given to a device that was paired, taken from one that is lost."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert, select, update

from api.tokens import LABEL_MOST, hashed, tokens
from creditbank.core.keys import Unsaid, keyed
from creditbank.core.units import Declined, Unit
from creditbank.identity.roles import Role
from merchants import pairings


@dataclass(frozen=True, slots=True)
class Paired:
    """The till that a device is now."""

    till_id: str
    merchant_id: str
    token_id: str


@dataclass(frozen=True, slots=True)
class ShutOff:
    """A till that no device is any more, and how many open scans of it were stopped."""

    till_id: str
    scans: int


@keyed
def pair(
    unit: Unit,
    *,
    code: str,
    device: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    secret_hash: Unsaid[str],
) -> Paired | Declined:
    """Exchange a pairing code for a token; the till's tokens before it are shut off.

    Raises:
        PairingOver: the code was used, replaced, or is too old.

    Declines:
        PairingWrong: nobody here was given this code, or it was guessed at too often.
    """
    till = pairings.exchange(unit, code=code, device=device)
    if isinstance(till, Declined):
        return till
    _revoke(unit, till.till_id)
    token_id = unit.new_id("tok")
    unit.run(
        insert(tokens),
        {
            "bank_id": unit.bank_id,
            "token_id": token_id,
            "secret_hash": secret_hash,
            "role": Role.TILL,
            "member_id": None,
            "till_id": till.till_id,
            "staff_id": None,
            "community_id": None,
            "merchant_id": None,
            "label": device[:LABEL_MOST],
            "created_at": unit.now,
            "ends_at": None,
            "revoked_at": None,
        },
    )
    return Paired(till.till_id, till.merchant_id, token_id)


def give(
    unit: Unit, *, code: str, device: str, key: str, secret: str
) -> tuple[Paired, str | None] | Declined:
    """Exchange a pairing code and return the secret with it, or None if the call was a replay.

    Raises:
        PairingOver: the code was used, replaced, or is too old.

    Declines:
        PairingWrong: nobody here was given this code, or it was guessed at too often.
    """
    paired = pair(unit, code=code, device=device, key=key, secret_hash=hashed(secret))
    if isinstance(paired, Declined):
        return paired
    kept = unit.row(
        select(tokens.c.secret_hash).where(
            tokens.c.bank_id == unit.bank_id, tokens.c.token_id == paired.token_id
        )
    )
    fits = kept is not None and kept.secret_hash == hashed(secret)
    return paired, secret if fits else None


@keyed
def shut_off(unit: Unit, *, till_id: str, key: str) -> ShutOff:  # noqa: ARG001
    """Shut a lost till off: its tokens, its turn, its codes and its open scans end at once.

    Raises:
        TillNotFound: this bank has none of this id, or it is another merchant's.
    """
    stopped = pairings.shut_off(unit, till_id)
    _revoke(unit, till_id)
    return ShutOff(till_id, stopped)


def _revoke(unit: Unit, till_id: str) -> None:
    unit.run(
        update(tokens)
        .where(
            tokens.c.bank_id == unit.bank_id,
            tokens.c.till_id == till_id,
            tokens.c.revoked_at.is_(None),
        )
        .values(revoked_at=unit.now)
    )
