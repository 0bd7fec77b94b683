"""Every proof there is, in one list: the ledger's, then those of each wing."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core import banks
from creditbank.core.database import Database
from creditbank.core.engines import expect_whole_tables
from creditbank.core.units import View
from creditbank.exchange import audit as exchange
from creditbank.ledger import audit as ledger
from creditbank.ledger.audit import Finding, Proof
from creditbank.recognition import audit as recognition
from creditbank.tasks import audit as tasks
from merchants import audit as merchants

PROOFS: tuple[Proof, ...] = (
    *ledger.PROOFS,
    *tasks.PROOFS,
    *exchange.PROOFS,
    *recognition.PROOFS,
    *merchants.PROOFS,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one proof found; nothing means proven."""

    proof: str
    claim: str
    findings: tuple[Finding, ...]


def audit(view: View) -> list[Verdict]:
    """Run every proof over one snapshot of a bank."""
    expect_whole_tables(view.connection)
    return [
        Verdict(
            proof.__name__.replace("_", " "),
            (proof.__doc__ or "").partition("\n")[0].strip(),
            tuple(proof(view)),
        )
        for proof in PROOFS
    ]


def audit_all(database: Database) -> dict[str, list[Verdict]]:
    """Run every proof over every bank of a database, by slug."""
    known = database.reader.submit_install(banks.every).result()
    return {bank.slug: database.read(bank.bank_id, audit) for bank in known}


def count(verdicts: list[Verdict]) -> int:
    """Return how many findings there are."""
    return sum(len(one.findings) for one in verdicts)
