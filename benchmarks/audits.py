"""The audit after a run: what was acknowledged is stored, and the books add up."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text

from api import proofs, vaults
from benchmarks.cases import Place, transfer_key
from creditbank.core.database import Database
from creditbank.core.units import View
from creditbank.core.vault import Vault
from creditbank.ledger.audit import Finding

_NAMED_MOST = 5
_TRANSFERS = text("SELECT key FROM transfer WHERE bank_id = :bank_id AND key LIKE 'bench/%'")
_REDEMPTIONS = text(
    "SELECT redemption_id FROM redemption WHERE bank_id = :bank_id AND state = 'paid'"
)


def look(place: Place) -> list[Finding]:
    """Return everything that is not as it should be in a database that was measured."""
    vault = vaults.vault_of(place.url) if place.keys is None else Vault(place.keys)
    with Database(place.url, writing=False, vault=vault) as database:
        return database.read(place.society.bank_id, lambda view: [*_findings(place, view)])


def _findings(place: Place, view: View) -> Iterator[Finding]:
    told = place.acknowledged
    bank = {"bank_id": view.bank_id}
    transfers = set(view.connection.execute(_TRANSFERS, bank).scalars())
    yield from _same("transfers", {transfer_key(number) for number in told.numbers}, transfers)
    redemptions = set(view.connection.execute(_REDEMPTIONS, bank).scalars())
    yield from _same("redemptions", told.redemptions, redemptions)
    for verdict in proofs.audit(view):
        yield from verdict.findings


def _same(what: str, acknowledged: set[str], stored: set[str]) -> Iterator[Finding]:
    proof = f"acknowledged {what} are stored"
    for reason, left in (
        ("acknowledged, not stored", acknowledged - stored),
        ("stored, never acknowledged", stored - acknowledged),
    ):
        if left:
            some = ", ".join(sorted(left)[:_NAMED_MOST])
            yield Finding(proof, f"{len(left)} {what}", f"{reason}: {some}")
