"""Credit counts: what the credit of a claim added to which counter, so that it can be given back.

A counter alone does not know whose units it holds. What a cap kept away entirely is noted too:
an approval without an issue is then no gap in the books.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import BigInteger, insert, select
from sqlmodel import Field

from creditbank.core.counters import Counter
from creditbank.core.tables import OfBank, table, within_bank
from creditbank.core.units import Unit, View

MINUTES_DAY = "minutes-day"
EARNED_DAY = "earned-day"
EARNED_MONTH = "earned-month"
CARRIED = "carried"
CARRIED_OWED = "carried-owed"
REFUSED = "refused"
"""What no counter counts: units (or minutes) that came to nothing."""


class CreditCountRow(OfBank, table=True):
    """What one claim added to one counter; ``carried`` may be below 0."""

    __tablename__ = "credit_count"
    __table_args__ = (within_bank(["claim_id"], "claim", ["claim_id"]),)

    claim_id: str = Field(primary_key=True, max_length=40)
    what: str = Field(primary_key=True, max_length=40)
    who: str = Field(primary_key=True, max_length=90)
    day: str = Field(primary_key=True, max_length=10)
    units: int = Field(sa_type=BigInteger)


credit_counts = table(CreditCountRow)


def keep(unit: Unit, claim_id: str, counted: Mapping[Counter, int]) -> None:
    """Note what a claim added to counters."""
    rows = [
        {"bank_id": unit.bank_id, "claim_id": claim_id, **one._asdict(), "units": units}
        for one, units in sorted(counted.items())
        if units
    ]
    if rows:
        unit.run(insert(credit_counts), rows)


def of_claim(view: View, claim_id: str) -> dict[Counter, int]:
    """Return what a claim added to counters, without what was refused."""
    rows = view.rows(
        select(credit_counts).where(
            credit_counts.c.bank_id == view.bank_id,
            credit_counts.c.claim_id == claim_id,
            credit_counts.c.what != REFUSED,
        )
    )
    return {Counter(row.what, row.who, row.day): row.units for row in rows}
