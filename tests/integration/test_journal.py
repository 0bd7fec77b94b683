"""A journal is checked as a whole against the books, and loaded slice by slice."""

import io
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from creditbank.core import encodings
from creditbank.core.database import Database
from creditbank.core.errors import InsufficientPoints, KeyReused
from creditbank.core.pace import Pace
from creditbank.core.units import Unit, View
from creditbank.core.values import Asset, AssetKind, write_units
from creditbank.ledger import accounts, chart, imports, journal, plans, walks
from creditbank.ledger.imports import ImportState
from creditbank.ledger.journal import BadJournal, Entry
from creditbank.ledger.plans import Plan, Slice
from creditbank.ledger.walks import RowRefused
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
    return plans.make(lines, asset=asset, zone=books.bank.zone, look=books.see, allow_negative=free)


def whole(plan: Plan) -> Slice:
    """All of a plan in one slice."""
    found = plan.after(0, 1000)
    assert found is not None
    return found


def reasons(plan: Plan) -> list[str]:
    """What is said of the bad rows of a plan."""
    return [f"{row.line}: {row.reason}" for row in plan.bad]


def loaded(books: Books, plan: Plan) -> int:
    """Load all of a plan in one slice."""
    part = whole(plan)
    return books.do(lambda unit: journal.load(unit, part.drafts, part.bounds))


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
    } == whole(plan).bounds
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
    assert "2026-01-01T00:00:00+08:00" == whole(plan).drafts[0].occurred_at.isoformat()


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
        part = whole(plan).drafts[at : at + 100]
        bounds = whole(plan).bounds
        assert 100 == books.do(partial(journal.load, drafts=part, bounds=bounds))
    lines = books.see(journal.balance_lines)
    expected = {f"outside/{name}": write_units(cents, 2) for name, cents in made.balances.items()}
    assert expected == {one.account: one.balance for one in lines}
    assert [] == books.wrongs()


def stored(books: Books, *slices: Slice, rows: int) -> str:
    """An import of which each of these slices is a part of its own."""
    key = books.key().ljust(16, "0")
    import_id = books.do(
        lambda unit: imports.open_import(
            unit, asset=POINTS, digest="0" * 64, allow_negative=(), key=key
        )
    )
    attempt = books.do(imports.new_attempt)
    for n, checked in enumerate(slices):
        storing = partial(
            imports.store_parts, import_id=import_id, attempt=attempt, first=n, checked=checked
        )
        assert 1 == books.do(storing)
    assert books.do(
        lambda unit: imports.make_ready(
            unit, import_id=import_id, attempt=attempt, rows=rows, parts=len(slices)
        )
    )
    return import_id


def each(plan: Plan) -> Iterator[Slice]:
    """A plan in slices of one row."""
    last = 0
    while part := plan.after(last, 1):
        last = part.last
        yield part


def test_an_import_is_loaded_part_by_part_and_can_stop_and_go_on(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that does not fit leaves the import where it was, and the rest waits for it."""
    monkeypatch.setattr(imports, "PACE", Pace(1, most=1))
    books.earn(ANN, 10)
    plan = planned(
        books,
        "a,2026-01-01,issue,office,Can,5",
        f"b,2026-01-02,gift,member/{ANN},Can,10",
    )
    import_id = stored(books, *each(plan), rows=2)
    assert [import_id] == books.see(imports.ready)
    back = books.post(moved(chart.member(ANN), SHOP, 1))
    load = partial(imports.load_parts, import_id=import_id)
    assert not books.do(load)
    with pytest.raises(RowRefused) as refused:
        books.do(load)
    assert (3, f"member/{ANN}: 9 there, 10 needed") == (refused.value.line, refused.value.reason)
    assert (1, 1) == _progress(books, import_id)
    books.do(lambda unit: imports.stop(unit, import_id=import_id, reason="points are missing"))
    assert [] == books.see(imports.ready)
    books.post(moved(SHOP, chart.member(ANN), back.postings[0].amount.units))
    books.do(lambda unit: imports.resume(unit, import_id=import_id, key="go-on-with-the-import"))
    assert [False, True] == [books.do(load), books.do(load)]
    one = books.see(lambda view: imports.find(view, import_id))
    assert (ImportState.LOADED, 2) == (one.state, one.rows_loaded)
    assert [] == books.wrongs()


def test_a_slice_takes_all_its_parts_or_none(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that no longer fits keeps the whole slice out, of several parts; its line is told."""
    monkeypatch.setattr(imports, "PACE", Pace(1000, most=1000))
    books.earn(ANN, 10)
    rows = [f"g{n},2026-01-01,issue,office,Can,5" for n in range(3)]
    plan = planned(books, *rows, f"b,2026-01-02,gift,member/{ANN},Can,10")
    import_id = stored(books, *each(plan), rows=4)
    books.post(moved(chart.member(ANN), SHOP, 1))
    with pytest.raises(RowRefused) as refused:
        books.do(partial(imports.load_parts, import_id=import_id))
    assert 5 == refused.value.line
    assert (0, 0) == _progress(books, import_id)
    assert "outside/Can" not in {line.account for line in books.see(journal.balance_lines)}
    books.post(moved(SHOP, chart.member(ANN), 1))
    assert not books.do(partial(imports.load_parts, import_id=import_id))
    assert (4, 4) == _progress(books, import_id)


def test_parts_that_earlier_versions_stored_are_loaded(books: Books) -> None:
    """A part without the lines of its rows is loaded as before."""
    plan = planned(books, "a,2026-01-01,issue,office,Can,5")
    import_id = stored(books, whole(plan), rows=1)
    of = imports.parts

    def without_lines(unit: Unit) -> None:
        mine = (of.c.bank_id == unit.bank_id, of.c.import_id == import_id)
        [row] = unit.rows(select(of.c.content).where(*mine))
        drafts = [cells[:-1] for cells in row.content["drafts"]]
        unit.run(of.update().where(*mine).values(content=row.content | {"drafts": drafts}))

    books.do(without_lines)
    books.do(partial(imports.load_parts, import_id=import_id))
    assert (1, 1) == _progress(books, import_id)


def test_a_key_that_came_in_meanwhile_is_told_with_its_line(books: Books) -> None:
    """The row whose key was recorded since with other content is named; the slice is left out."""
    plan = planned(books, "z,2026-01-01,issue,office,Ben,1", "a,2026-01-01,issue,office,Can,5")
    loaded(books, planned(books, "a,2026-01-01,issue,office,Can,6"))
    part = whole(plan)
    with pytest.raises(RowRefused) as refused:
        books.do(lambda unit: walks.load(unit, part.drafts, part.bounds, lines=part.lines))
    assert (3, "key: recorded before with other content") == (
        refused.value.line,
        refused.value.reason,
    )
    assert "outside/Ben" not in {line.account for line in books.see(journal.balance_lines)}


def test_a_journal_is_read_some_rows_at_a_time(books: Books) -> None:
    """No more rows are pulled from a file than are put down, nor looked up than are pulled."""
    pulled, most, looks = 0, 0, 0

    def lines() -> Iterator[str]:
        nonlocal pulled
        yield journals.HEADER
        for n in range(3 * plans.LOOKED_AT_ONCE):
            pulled += 1
            yield f"k{n},2026-01-01,issue,office,p{n},1"

    class Watched(Plan):
        """A plan that sees how many rows are read ahead of those that lie on disk."""

        def _put(self, found: Sequence[Entry]) -> None:
            nonlocal most
            most = max(most, pulled - self.rows)
            super()._put(found)

    def look(ask: Callable[[View], Any]) -> Any:
        nonlocal looks
        looks += 1
        return books.see(ask)

    plan = Watched(ASSET)
    plan.read(journal.entries(lines(), asset=ASSET, zone=books.bank.zone))
    plan.check(look)
    assert (plans.LOOKED_AT_ONCE, 3, 3 * plans.LOOKED_AT_ONCE) == (most, looks, plan.rows)


def test_a_plan_is_of_the_file_as_it_was_checked(books: Books, tmp_path: Path) -> None:
    """A file that changes after it was checked changes nothing of what is loaded."""
    file = tmp_path / "journal.csv"
    file.write_text(f"{journals.HEADER}\na,2026-01-01,issue,office,Can,5\n")
    with file.open("rb") as content:
        plan = plans.make(
            journal.lines_of(content), asset=ASSET, zone=books.bank.zone, look=books.see
        )
    file.write_text(f"{journals.HEADER}\na,2026-01-01,issue,office,Can,500\n")
    loaded(books, plan)
    assert "5" in {
        line.balance for line in books.see(journal.balance_lines) if line.account == "outside/Can"
    }


def test_one_bad_row_at_the_end_of_a_long_file(books: Books) -> None:
    """The last row of many is told, and so is how many there are when too many are bad."""
    good = [f"k{n},2026-01-01,issue,office,p{n % 7},1" for n in range(1300)]
    plan = planned(books, *good, "z,2026-01-01,gift,nobody,Can,1")
    assert ["1302: outside/nobody: 0 there, 1 needed"] == reasons(plan)
    bad = planned(books, *(row.replace("issue", "wish") for row in good))
    assert (1300, plans.BAD_ROWS_TOLD, 2) == (bad.bad_found, len(bad.bad), bad.bad[0].line)
    assert bad.after(0, 10) is None


def test_a_key_many_times_is_told_in_few_words(books: Books) -> None:
    """Rows that clash name ten of their lines, however many they are."""
    rows = [f"same,2026-01-01,issue,office,Can,{n + 1}" for n in range(700)]
    plan = planned(books, *rows)
    assert 700 == plan.bad_found
    assert [
        "key: 'same' has different content on lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 …"
    ] == sorted({row.reason for row in plan.bad})


def test_lines_without_end_and_files_in_gb18030() -> None:
    """A file without line ends is no journal; one in GB18030 is, also where a chunk ends in it."""
    endless = io.BytesIO(b"x" * (encodings.LINE_MOST + 1))
    with pytest.raises(BadJournal):
        list(journal.lines_of(endless))
    text = "a" * ((1 << 20) - 2) + "\n" + "示范" * 10 + "\n"
    for shift in range(3):
        said = "b" * shift + text[shift:]
        for encoding in ("utf-8", "gb18030"):
            assert said == "".join(encodings.lines(io.BytesIO(said.encode(encoding)), encoding))
            assert said.splitlines(keepends=True)[1:] == list(
                journal.lines_of(io.BytesIO(said[-21:].encode(encoding)))
            )


def _progress(books: Books, import_id: str) -> tuple[int, int]:
    one = books.see(lambda view: imports.find(view, import_id))
    return one.rows_loaded, one.parts_loaded
