"""`creditbank import transfers` and `creditbank export balances`: all of a journal, or nothing."""

import csv
import io
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli import app
from creditbank.core import banks
from creditbank.core.database import Database
from creditbank.ledger import journal
from creditbank.ledger.books import accounts, postings, transfers
from tests.books import wrongs
from tests.faults import journals

HEADER = journals.HEADER
GOOD = "a,2024-01-01T08:00:00+08:00,issue,office,Ann,10.00"
BAD = (
    ("k,2024-01-01,issue,office,Ann,1.005", "more than 2 decimals"),
    ("k,2024-01-01,issue,office,Ann,1e3", "not a plain number"),
    ("k,2024-01-01,issue,office,Ann,-5", "not a plain number"),
    ("k,2024-01-01,issue,office,Ann,７", "not a plain number"),
    ("k,2024-01-01,issue,office,Ann,NaN", "not a plain number"),
    ("k,2024-01-01,issue,office,Ann,1.", "not a plain number"),
    ("k,2024-01-01,issue,office,Ann,", "not a plain number"),
    ("k,2024-01-01,issue,office,Ann,0.00", "whole number from 1"),
    ("k,2024-01-01,issue,office,Ann,9007199254740992.00", "whole number from 1"),
    ("k,2024-01-01,present,office,Ann,1", "kind: 'present' is not one of"),
    ("k,2024-01-01,reverse,office,Ann,1", "kind: 'reverse' is not one of"),
    ("k,2024-01-01,gift,Ann,Ann,1", "source and destination are the same"),
    ("k,2024-01-01,gift,outside/Ann,Ann,1", "source and destination are the same"),
    ("k,yesterday,issue,office,Ann,1", "occurred_at: 'yesterday' is no date"),
    ("k,0001-01-01,issue,office,Ann,1", "occurred_at: '0001-01-01' is no date"),
    ("k,9999-12-31T23:00-08:00,issue,office,Ann,1", "'9999-12-31T23:00-08:00' is no date"),
    ("k,2024-01-01,issue,office,A\0nn,1", "there is a NUL in it"),
    ("\0,2024-01-01,issue,office,Ann,1", "there is a NUL in it"),
    (",2024-01-01,issue,office,Ann,1", "key: 1 to 255 characters are needed"),
    ("k,2024-01-01,issue,office,,1", "address"),
    ("k,2024-01-01,issue,office,member/nobody,1", "member/nobody"),
    ("k,2024-01-01,issue,office,Ann", "6 columns are needed"),
    ("k,2024-01-01,issue,office,Ann,1,extra", "6 columns are needed"),
)
NO_JOURNALS: tuple[tuple[str | bytes, str], ...] = (
    ("", "the columns are key,"),
    ("\n\n", "the columns are key,"),
    ("key,occurred_at,kind,source,destination\na,2024-01-01,issue,x,y\n", "the columns are"),
    (f"{HEADER},note\n{GOOD},hello\n", "the columns are key,"),
    (f"{HEADER}\n", "there are no rows"),
    (f'{HEADER}\na,"2024-01-01"x,issue,office,Ann,1\n', "line 2: "),
    (b"PK\x03\x04\xff\xfe\x00\x81\x00\xff", "neither UTF-8 nor GB18030"),
)


class Desk:
    """Someone at the command line with a database and files."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        with Database(url) as database:
            bank = database.install(
                lambda c, now: banks.create(
                    c, slug="demo", name="示范互助社", zone="Asia/Shanghai", now=now
                )
            )
        self.bank_id = bank.bank_id

    def run(self, *words: str) -> Result:
        """Run one command."""
        return CliRunner().invoke(app, [*words, "--database", self.url])

    def load(self, text: str | bytes, *words: str, asset: str = "OLD:2") -> Result:
        """Import a journal."""
        file = self.folder / "journal.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.run("import", "transfers", str(file), "--asset", asset, *words)

    def refused(self, *rows: str, words: tuple[str, ...] = ()) -> list[str]:
        """Import rows that are bad; returns what is said of each, and sees that nothing came."""
        before = self.counts()
        done = self.load("\n".join([HEADER, *rows]) + "\n", *words)
        assert 1 == done.exit_code
        assert before == self.counts()
        *told, last = done.stderr.splitlines()
        assert f"{len(told)} bad rows; nothing was loaded" in last
        return [line.partition(" / ")[2] for line in told]

    def balances(self) -> dict[str, str]:
        """What `export balances` writes, by account."""
        done = self.run("export", "balances")
        assert 0 == done.exit_code
        rows = list(csv.reader(io.StringIO(done.stdout)))
        assert ["account", "asset", "balance"] == rows[0]
        assert sorted(rows[1:]) == rows[1:]
        return {account: balance for account, _, balance in rows[1:]}

    def counts(self) -> list[int]:
        """How many transfers, postings and accounts there are, seen from another connection."""
        with Database(self.url, writing=False) as database:
            return database.read(
                self.bank_id,
                lambda view: [
                    len(view.rows(table.select().where(table.c.bank_id == view.bank_id)))
                    for table in (transfers, postings, accounts)
                ],
            )

    def wrongs(self) -> list[str]:
        """What does not hold of the books."""
        with Database(self.url, writing=False) as database:
            return database.read(self.bank_id, wrongs)


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Desk:
    """A database with one bank, and a folder for files."""
    return Desk(database_url, tmp_path)


def test_a_journal_is_loaded_and_its_balances_are_exported(desk: Desk) -> None:
    """300 rows leave the balances that plain addition gives; all accounts sum to 0."""
    made = journals.made_up(300, people=40)
    assert "loaded=300 repeated=0\n" == desk.load(made.text).stdout
    expected = {
        f"outside/{name}": f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
        for name, cents in made.balances.items()
    }
    assert expected == desk.balances()
    assert 0 == sum(made.balances.values())
    assert [] == desk.wrongs()


def test_the_same_file_again_changes_nothing_and_says_so(desk: Desk) -> None:
    """A second import of a file counts every row as repeated."""
    made = journals.made_up(120, people=20)
    desk.load(made.text)
    before = desk.counts()
    again = desk.load(made.text)
    assert "loaded=0 repeated=120\n" == again.stdout
    assert "Nothing new; the books are as they were" in again.stderr
    assert before == desk.counts()


def test_a_longer_file_brings_only_what_is_new(desk: Desk) -> None:
    """A journal that has grown since loads its new rows."""
    made = journals.made_up(150, people=20).text.splitlines(keepends=True)
    desk.load("".join(made[:101]))
    assert "loaded=50 repeated=100\n" == desk.load("".join(made)).stdout


def test_the_same_key_twice_with_the_same_content_counts_once(desk: Desk) -> None:
    """A row that stands twice is one transfer, also if its instant is written otherwise."""
    same = "a,2024-01-01T00:00:00+00:00,issue,office,Ann,10"
    done = desk.load(f"{HEADER}\n{GOOD}\n{GOOD}\n{same}")
    assert "loaded=1 repeated=2\n" == done.stdout
    assert {"outside/Ann": "10.00", "outside/office": "-10.00"} == desk.balances()


def test_the_same_key_with_other_content_reports_both_lines(desk: Desk) -> None:
    """Neither of two rows that clash is taken, and each is told of the other."""
    other = GOOD.replace("10.00", "11.00")
    said = "key: 'a' has different content on lines 2, 4"
    assert [f"line 2: {said}", f"line 4: {said}"] == desk.refused(
        GOOD, "b,2024-01-01,issue,office,Ben,1", other
    )


def test_a_key_recorded_before_with_other_content_is_a_bad_row(desk: Desk) -> None:
    """What the books have cannot be said otherwise later."""
    desk.load(f"{HEADER}\n{GOOD}\n")
    told = desk.refused("z,2024-01-01,issue,office,Ben,1", GOOD.replace("Ann", "Ben"))
    assert ["line 3: key: recorded before with other content"] == told


def test_every_bad_row_is_told_with_its_line_and_reason(desk: Desk) -> None:
    """Bad rows between good ones are all named at once; nothing of the file is loaded."""
    rows = [GOOD, *(row for row, _ in BAD), "z,2024-01-02,issue,office,Ben,1"]
    told = desk.refused(*rows)
    assert len(BAD) == len(told)
    for line, said, (row, reason) in zip(range(3, 3 + len(BAD)), told, BAD, strict=True):
        assert said.startswith(f"line {line}: "), row
        assert reason in said, row


def test_what_is_told_of_a_bad_row_is_short(desk: Desk) -> None:
    """However long a name is that no account can have: a thousand of them are told at once."""
    [said] = desk.refused(f"k,2024-01-01,issue,office,fund/{'x' * 100_000},1")
    assert len(said) < 300


def test_an_overdraft_is_judged_in_the_order_of_the_file(desk: Desk) -> None:
    """What comes in on a later line does not help an earlier one."""
    spent = "b,2024-01-02,gift,Ann,Ben,10.01"
    more = "c,2024-01-03,issue,office,Ann,5"
    assert ["line 3: outside/Ann: 10.00 there, 10.01 needed"] == desk.refused(GOOD, spent, more)
    assert "loaded=3 repeated=0\n" == desk.load(f"{HEADER}\n{GOOD}\n{more}\n{spent}").stdout


def test_a_name_may_be_allowed_below_zero(desk: Desk) -> None:
    """Only the name that is allowed to may fall below zero, and it may again later."""
    rows = ["a,2024-01-01,gift,the bar,Ann,3", "b,2024-01-02,gift,Ann,Ben,3"]
    assert ["line 2: outside/the bar: 0.00 there, 3.00 needed"] == desk.refused(*rows)[:1]
    done = desk.load("\n".join([HEADER, *rows]), "--allow-negative", "the bar")
    assert "loaded=2 repeated=0\n" == done.stdout
    assert "-3.00" == desk.balances()["outside/the bar"]
    told = desk.refused("c,2024-01-03,gift,Ann,Ben,1", words=("--allow-negative", "the bar"))
    assert ["line 2: outside/Ann: 0.00 there, 1.00 needed"] == told


def test_what_is_no_journal_is_refused_as_a_whole(desk: Desk) -> None:
    """A file without the six columns, without rows, or that is no text, is named as such."""
    before = desk.counts()
    for text, reason in NO_JOURNALS:
        done = desk.load(text)
        assert 1 == done.exit_code, text
        assert reason in done.stderr, text
    assert before == desk.counts()


def test_columns_may_stand_in_another_order(desk: Desk) -> None:
    """Columns go by their names; spaces around cells do not count."""
    text = "amount, kind ,key,source,destination,occurred_at\n 7 ,issue,a,office, Ann ,2024-01-01\n"
    assert "loaded=1 repeated=0\n" == desk.load(text).stdout
    assert "7.00" == desk.balances()["outside/Ann"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_excel_files_of_chinese_offices_are_read(desk: Desk, encoding: str) -> None:
    """UTF-8 with or without a mark and GB18030 give the same names; CRLF is read, too."""
    text = f"{HEADER}\r\na,2024-01-01,issue,旧系统,张三,12.50\r\n"
    assert "loaded=1 repeated=0\n" == desk.load(text.encode(encoding)).stdout
    assert {"outside/张三": "12.50", "outside/旧系统": "-12.50"} == desk.balances()


def test_an_asset_keeps_its_scale(desk: Desk) -> None:
    """An asset that is there is used as it is; another scale is refused."""
    desk.load(f"{HEADER}\n{GOOD}\n")
    done = desk.load(f"{HEADER}\n{GOOD}\n", asset="OLD:0")
    assert 1 == done.exit_code
    assert "scale 2" in done.stderr


def test_a_new_asset_is_not_left_behind_by_a_bad_file(desk: Desk) -> None:
    """A file of which nothing is loaded leaves no asset either."""
    desk.refused("a,2024-01-01,issue,office,Ann,x")
    with Database(desk.url, writing=False) as database:
        known = database.read(desk.bank_id, journal.every_asset)
    assert {} == known
