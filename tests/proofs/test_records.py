"""Known records through our own commands: real orders, a foreign journal, a year of one society."""

import time
from pathlib import Path

import pytest

from creditbank.core.values import write_units
from tests.faults import durable, journals, program, societies
from tests.proofs.conftest import Proof

ORDERS = program.ROOT / "tests" / "data" / "orders.csv"
OFFER = program.ROOT / "seeds" / "offers" / "every-30-yuan.toml"
TOTALS = "orders=3000 eligible=1162 points=5727 discount_fen=572700"
IMPORT_S = 6
"""What "about 5 s" may be, with the start of the program in it."""

both = pytest.mark.parametrize("kind", ["sqlite", "postgres"])


@both
def test_the_totals_of_the_orders(proof: Proof, kind: str, tmp_path: Path) -> None:
    """`creditbank replay orders`: the totals of orders.csv, exactly."""
    with durable.fresh(kind, tmp_path) as url:
        words = ["replay", "orders", str(ORDERS), "--offer", str(OFFER), "--database", url]
        done = program.run(*words)
        program.run("audit", url=url)
    last = done.stdout.splitlines()[-1]
    empty = done.stderr.count("the bill is 0")
    proof(
        f"the totals of orders.csv, {kind}",
        f"{last}; {empty} carts of 0 named",
        met=last == TOTALS and empty == 4,
    )


@both
def test_ten_thousand_transfers(proof: Proof, kind: str, tmp_path: Path) -> None:
    """`creditbank import transfers`: 10,000 rows; the same file again changes nothing."""
    made = journals.made_up(10_000)
    file = tmp_path / "journal.csv"
    file.write_text(made.text)
    words = ["import", "transfers", str(file), "--asset", "OLD:2"]
    with durable.fresh(kind, tmp_path) as url:
        program.run("bank", "create", "demo", "--name", "示范互助社", url=url)
        began = time.monotonic()
        first = program.run(*words, url=url)
        took_s = time.monotonic() - began
        balances = program.run("export", "balances", url=url)
        again = program.run(*words, url=url)
        after = program.run("export", "balances", url=url)
        program.run("audit", url=url)
    expected = sorted(
        f"outside/{name},OLD,{write_units(units, 2)}" for name, units in made.balances.items()
    )
    exact = ["account,asset,balance", *expected] == balances.stdout.splitlines()
    said = "Nothing new; the books are as they were" in again.stderr
    proof(
        f"10,000 imported transfers in about 5 s on SQLite, and the same file again, {kind}",
        f"{took_s:.1f} s with the start of the program; {first.stdout.strip()}, again "
        f"{again.stdout.strip()}; {len(expected)} balances as added up by hand",
        met=exact
        and first.stdout == "loaded=10000 repeated=0\n"
        and again.stdout == "loaded=0 repeated=10000\n"
        and said
        and after.stdout == balances.stdout
        and (took_s <= IMPORT_S or kind == "postgres"),
    )


def test_a_year_of_one_society(proof: Proof, tmp_path: Path) -> None:
    """`creditbank demo --no-serve`: a year in about a minute, the same on both databases."""
    began = time.monotonic()
    told = program.run("demo", "--no-serve", folder=tmp_path)
    took_s = time.monotonic() - began
    url = f"sqlite:///{tmp_path / 'demo-2025.db'}"
    first = societies.portrait(url)
    program.run("demo", "--no-serve", folder=tmp_path)
    again = societies.portrait(url)
    with durable.fresh("postgres", tmp_path, fsync=False) as other:
        program.run("demo", "--no-serve", "--database", other, folder=tmp_path, timeout_s=900)
        elsewhere = societies.portrait(other)
    proof(
        "creditbank demo --no-serve in about a minute; same seed number, same society",
        f"{took_s:.0f} s; {len(first['people'])} residents, {len(first['moves']):,} postings, "
        f"{len(first['ranking'])} places; run again "
        f"{'the same' if again == first else 'another'}, on PostgreSQL "
        f"{'the same' if elsewhere == first else 'another'}",
        met=first == again == elsewhere and "the books add up" in told.stdout and took_s <= 90,
    )
