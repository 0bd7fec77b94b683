"""The ledger's races at their full size, on both databases."""

from collections import Counter

from creditbank.core.database import Database
from creditbank.ledger.books import transfers
from tests.books import ANN, Books
from tests.ledger_races import copies_of_keys, resolve_holds, spend_it_all
from tests.proofs.conftest import Proof


def test_one_account_64_threads(database: Database, backend: str, proof: Proof) -> None:
    """One account with 1,000 units, 64 threads × 100 posts of 1."""
    books = Books(database)
    found = spend_it_all(books, units=1000, threads=64, posts=100)
    stored = books.count(transfers) - 1
    right = Counter(Transfer=1000, InsufficientPoints=5400) == found and stored == 1000
    proof(
        f"one account with 1,000 units, 64 threads × 100 posts of 1 ({backend})",
        f"{stored:,} transfers, {found['InsufficientPoints']:,} InsufficientPoints",
        met=right and books.holding(ANN) == (0, 0, 0) and not books.wrongs(),
    )


def test_500_keys_in_20_copies(database: Database, backend: str, proof: Proof) -> None:
    """500 keys × 20 parallel copies."""
    books = Books(database)
    different, effects, wrong = copies_of_keys(books, keys=500, copies=20, threads=20)
    proof(
        f"500 keys × 20 parallel copies ({backend})",
        f"{effects} effects, {different} copies with another answer, {wrong} with none",
        met=(different, effects, wrong) == (0, 500, 0) and not books.wrongs(),
    )


def test_300_holds(database: Database, backend: str, proof: Proof) -> None:
    """300 holds raced by capture, void and expiry."""
    books = Books(database)
    found = resolve_holds(books, count=300, threads=24)
    proof(
        f"300 holds raced by capture, void and expiry ({backend})",
        f"{found['single']} single outcomes ({found['captured']} captured, "
        f"{found['voided']} voided, {found['expired']} expired)",
        met=found["single"] == 300 and not found["wrong"] and not books.wrongs(),
    )
