"""A journal is checked as a whole against the books, and loaded slice by slice."""

from collections.abc import Sequence

import pytest

from creditbank.core.database import Database
from creditbank.core.errors import InsufficientPoints, KeyReused
from creditbank.core.values import Asset, AssetKind, write_units
from creditbank.ledger import accounts, chart, imports, journal
from creditbank.ledger.imports import ImportState
from creditbank.ledger.journal import Plan
from tests.books import ANN, BEN, POINTS, SHOP, STARS, Books, moved
from tests.faults import journals

ASSET = Asset(POINTS, "信义贝", 0, AssetKind.SPENDABLE)
HONOUR = Asset(STARS, "志愿星", 0, AssetKind.HONOUR)


@pytest.fixture
def books(database: Database) -> Books:
    """One bank."""
    return Books(database)


def planned(books: Books, *rows: str, asset: Asset = ASSET, free: Sequence[str] = ()) -> Plan:
    """Check a journal of these rows."""
    lines = [journals.HEADER, *rows]
    return books.see(lambda view: journal.plan(view, lines, asset=asset, allow_negative=free))


def reasons(plan: Plan) -> list[str]:
    """What is said of the bad rows of a plan."""
    return [f"{row.line}: {row.reason}" for row in plan.bad]


def loaded(books: Books, plan: Plan) -> int:
    """Load all of a plan in one slice."""
    return books.do(lambda unit: journal.load(unit, plan.drafts, plan.bounds))


def test_names_of_the_chart_are_its_accounts(books: Books) -> None:
    """A journal may speak of members and shops that are there; other names live outside."""
    books.earn(ANN, 10)
    books.post(moved(chart.member(ANN), SHOP, 1))
    plan = planned(
        books,
        f"a,2026-01-01,issue,issuance,member/{ANN},5",
        f"b,2026-01-02,redeem,member/{ANN},{SHOP},14",
        f"c,2026-01-02,donate,{SHOP},fund/red maple,3",
        "d,2026-01-03,fund-out,fund/red maple,charity,3",
    )
    assert [] == reasons(plan)
    assert 4 == loaded(books, plan)
    assert 0 == books.balance(ANN).available
    assert [] == books.wrongs()


def test_members_and_shops_are_never_made_by_a_journal(books: Books) -> None:
    """A row about a member whom the bank does not know is bad."""
    plan = planned(books, f"a,2026-01-01,issue,issuance,member/{BEN},5")
    assert [f"2: there is no account member/{BEN}"] == reasons(plan)


def test_a_plan_walks_on_from_the_books(books: Books) -> None:
    """What is there already may be spent, to the last unit and no further."""
    books.earn(ANN, 10)
    spent = f"b,2026-01-02,gift,member/{ANN},Can,"
    assert [] == reasons(planned(books, f"{spent}10"))
    assert [f"2: member/{ANN}: 10 there, 11 needed"] == reasons(planned(books, f"{spent}11"))


def test_what_the_engine_keeps_is_not_moved_by_a_journal(books: Books) -> None:
    """Holds and debts belong to the engine; a row that names them is bad."""
    books.earn(ANN, 10)
    for part in ("held", "debt"):
        plan = planned(books, f"a,2026-01-01,issue,issuance,member/{ANN}/{part},1")
        assert [
            f"2: member/{ANN}/{part}: only holds and withdrawn approvals move this account"
        ] == reasons(plan)


def test_an_account_of_another_kind_is_a_bad_row(books: Books) -> None:
    """Honour is not held by shops, and the reason says which account is meant."""
    plan = planned(books, f"a,2026-01-01,issue,issuance,{SHOP},1", asset=HONOUR)
    assert 1 == len(plan.bad)
    assert SHOP in plan.bad[0].reason


def test_a_new_issuer_has_no_floor_and_others_have_zero(books: Books) -> None:
    """Bounds of new names are part of the plan, and the accounts are made with them."""
    plan = planned(books, "a,2026-01-01,issue,old office,Can,5", free=["the bar"])
    assert {
        ("outside/old office", POINTS): chart.UNBOUNDED,
        ("outside/Can", POINTS): chart.Bounds(0),
    } == plan.bounds
    loaded(books, plan)
    with pytest.raises(InsufficientPoints):
        books.post(moved("outside/Can", "outside/else", 6))


def test_books_that_moved_since_the_plan_refuse_the_slice(books: Books) -> None:
    """A slice that no longer fits leaves nothing of itself."""
    books.earn(ANN, 10)
    plan = planned(
        books,
        "a,2026-01-01,issue,office,Can,5",
        f"b,2026-01-02,gift,member/{ANN},Can,10",
    )
    books.post(moved(chart.member(ANN), SHOP, 1))
    with pytest.raises(InsufficientPoints):
        loaded(books, plan)
    known = books.see(journal.balance_lines)
    assert "outside/Can" not in {line.account for line in known}
    assert [] == books.wrongs()


def test_a_key_recorded_since_the_plan_refuses_other_content(books: Books) -> None:
    """Two imports that race for a key with different rows: the second is refused."""
    first = planned(books, "a,2026-01-01,issue,office,Can,5")
    second = planned(books, "a,2026-01-01,issue,office,Can,6")
    assert 1 == loaded(books, first)
    assert 0 == loaded(books, first)
    with pytest.raises(KeyReused):
        loaded(books, second)


def test_days_without_an_offset_are_those_of_the_bank(books: Books) -> None:
    """A bare date is midnight in the bank's time zone."""
    plan = planned(books, "a,2026-01-01,issue,office,Can,5")
    assert "2026-01-01T00:00:00+08:00" == plan.drafts[0].occurred_at.isoformat()


def test_balances_are_exported_with_issuing_accounts_and_sum_to_zero(books: Books) -> None:
    """Every account of every asset stands once, sorted; each asset sums to 0 in its own scale."""
    coin = Asset("COIN", "硬币", 2, AssetKind.SPENDABLE)
    books.do(lambda unit: accounts.create_asset(unit, coin))
    books.earn(ANN, 10)
    books.earn(ANN, 3, asset=STARS)
    books.post(moved(chart.member(ANN), SHOP, 4))
    plan = planned(books, "a,2026-01-01,issue,issuance,Can,12.05", asset=coin)
    loaded(books, plan)
    lines = books.see(journal.balance_lines)
    assert [
        ("issuance", "COIN", "-12.05"),
        ("issuance", STARS, "-3"),
        ("issuance", POINTS, "-10"),
        (f"member/{ANN}", STARS, "3"),
        (f"member/{ANN}", POINTS, "6"),
        (f"member/{ANN}/debt", POINTS, "0"),
        (SHOP, POINTS, "4"),
        ("outside/Can", "COIN", "12.05"),
    ] == sorted((one.account, one.asset, one.balance) for one in lines)
    assert lines == sorted(lines, key=lambda one: (one.account, one.asset))


def test_a_made_up_journal_leaves_what_addition_says(books: Books) -> None:
    """400 rows, planned and loaded in slices, leave the balances of plain addition."""
    coin = Asset("COIN", "硬币", 2, AssetKind.SPENDABLE)
    books.do(lambda unit: accounts.create_asset(unit, coin))
    made = journals.made_up(400, people=30, seed=5)
    plan = planned(books, *made.text.splitlines()[1:], asset=coin)
    for at in range(0, 400, 100):
        part = plan.drafts[at : at + 100]
        new = books.do(lambda unit, part=part: journal.load(unit, part, plan.bounds))
        assert 100 == new
    lines = books.see(journal.balance_lines)
    expected = {f"outside/{name}": write_units(cents, 2) for name, cents in made.balances.items()}
    assert expected == {one.account: one.balance for one in lines}
    assert [] == books.wrongs()


def test_an_import_is_loaded_part_by_part_and_can_stop_and_go_on(books: Books) -> None:
    """A part that does not fit leaves the import where it was, and the rest waits for it."""
    books.earn(ANN, 10)
    plan = planned(
        books,
        "a,2026-01-01,issue,office,Can,5",
        f"b,2026-01-02,gift,member/{ANN},Can,10",
    )
    import_id = books.do(
        lambda unit: imports.open_import(
            unit, asset=POINTS, digest="0" * 64, allow_negative=(), key="the-first-import-1"
        )
    )
    attempt = books.do(imports.new_attempt)
    for n, draft in enumerate(plan.drafts):
        books.do(
            lambda unit, n=n, draft=draft: imports.store_part(
                unit,
                import_id=import_id,
                attempt=attempt,
                n=n,
                drafts=[draft],
                bounds=plan.bounds,
            )
        )
    books.do(
        lambda unit: imports.make_ready(unit, import_id=import_id, attempt=attempt, rows=2, parts=2)
    )
    assert [import_id] == books.see(imports.ready)
    back = books.post(moved(chart.member(ANN), SHOP, 1))
    assert not books.do(lambda unit: imports.load_part(unit, import_id=import_id))
    with pytest.raises(InsufficientPoints):
        books.do(lambda unit: imports.load_part(unit, import_id=import_id))
    assert (1, 1) == _progress(books, import_id)
    books.do(lambda unit: imports.stop(unit, import_id=import_id, reason="points are missing"))
    assert [] == books.see(imports.ready)
    books.post(moved(SHOP, chart.member(ANN), back.postings[0].amount.units))
    books.do(lambda unit: imports.resume(unit, import_id=import_id, key="go-on-with-the-import"))
    assert books.do(lambda unit: imports.load_part(unit, import_id=import_id))
    one = books.see(lambda view: imports.find(view, import_id))
    assert (ImportState.LOADED, 2) == (one.state, one.rows_loaded)
    assert [] == books.wrongs()


def _progress(books: Books, import_id: str) -> tuple[int, int]:
    one = books.see(lambda view: imports.find(view, import_id))
    return one.rows_loaded, one.parts_loaded
