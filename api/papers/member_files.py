"""Lists of people as an office kept them: columns by their heads, and each cell read or told.

Rows of a spreadsheet in, newcomers and faults out, one by one: a list of any size takes the same
memory. A fault names line and column, and says what to do; what is wrong with a file is told all
at once. What only the books can know (a phone that is a member's) `api.papers.arriving` asks.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import islice
from typing import Any

from api.papers import member_cells
from api.papers.member_cells import Said, Unreadable
from api.papers.spreadsheets import Cell, Row, Sheet, Trouble, Written, write_csv, write_xlsx
from creditbank.core.errors import CreditbankError
from creditbank.core.texts import line
from creditbank.core.values import Asset
from creditbank.identity.arrivals import Newcomer
from creditbank.people import ages, consents, persons

ROWS_MOST = 1_000_000
FAULTS_KEPT = 300
_HEAD_WITHIN = 10


@dataclass(frozen=True, slots=True)
class Column:
    """What a column is for; ``heads`` are the words above it, the first one ours."""

    field: str
    heads: tuple[str, ...]
    zh: str
    en: str
    example: str


COLUMNS = (
    Column("name", ("姓名", "名字", "name", "full name"), "必填", "needed", "张桂兰"),
    Column(
        "phone",
        ("手机号", "手机", "手机号码", "电话", "联系电话", "phone", "mobile", "phone number"),
        "11 位；没有手机可留空。同一号码只能登记给一人",
        "11 digits; empty if there is none. One number belongs to one person",
        "13800010001",
    ),
    Column(
        "document",
        ("证件号", "身份证号", "身份证", "证件号码", "身份证号码", "document", "id number"),
        "可留空；这一列要设成“文本”格式",
        "may stay empty; the column must be formatted as text",
        "",
    ),
    Column(
        "born_on",
        ("出生日期", "生日", "出生年月日", "birth date", "date of birth", "born on", "birthday"),
        "如 1956-3-1、1956/3/1、1956.3.1、1956年3月1日 或 19560301",
        "such as 1956-3-1, 1956/3/1, 1956.3.1 or 19560301",
        "1956-03-01",
    ),
    Column(
        "community",
        ("社区", "所属社区", "community"),
        "必填；与系统里的社区名称一致",
        "needed; the community's name as it is here",
        "",
    ),
    Column("address", ("住址", "地址", "家庭住址", "address"), "可留空", "may stay empty", ""),
    Column(
        "number",
        ("编号", "成员编号", "志愿者编号", "number", "member number"),
        "可留空，系统会给新编号",
        "may stay empty; a new one is given then",
        "",
    ),
    Column(
        "agreed",
        ("已签同意书", "同意书", "consent", "consent signed"),
        "本人签过纸质同意书填“是”，否则留空",
        "'yes' if they signed the paper form",
        "是",
    ),
)
_IGNORED = {"序号", "no", "no.", "#"}
_NEEDED = tuple(one for one in COLUMNS if one.field in {"name", "community"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to mend: line and column, what it is in both languages, and what stood there."""

    line: int
    column: str
    zh: str
    en: str
    said: str = field(default="", repr=False)


@dataclass(slots=True)
class Checked:
    """What is known of a list while it is read: the first faults, and how many people there are.

    ``totals`` are the points that are brought along, in units by asset.
    """

    faults: list[Fault] = field(default_factory=list)
    faults_found: int = 0
    heads: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    community_ids: set[str] = field(default_factory=set)
    totals: Counter[str] = field(default_factory=Counter)

    def fault(self, at: int, what: str, said: Said, cell: Cell = "") -> None:
        """Note something to mend; ``what`` is a field."""
        shown = "" if isinstance(cell, Trouble) else str(cell)[:60]
        self.tell(Fault(at, self.heads.get(what, what), *said, shown))

    def tell(self, fault: Fault) -> None:
        """Note something to mend; what comes late in a long list of faults is only counted."""
        self.faults_found += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(fault)

    def count(self, one: Newcomer) -> None:
        """Count somebody in."""
        self.rows += 1
        self.community_ids.add(one.community_id)
        self.totals.update(dict(one.openings))


@dataclass(frozen=True, slots=True)
class Ground:
    """What a list is read against: ids of communities by name, assets to bring along, the day."""

    communities: Mapping[str, str]
    assets: Sequence[Asset]
    today: date


def read(sheet: Sheet, ground: Ground, made: Checked) -> Iterator[Newcomer]:
    """Yield who is on a list, as rows are asked for; what is wrong with it is noted in ``made``."""
    columns = {head: one.field for one in COLUMNS for head in one.heads}
    for asset in ground.assets:
        for head in (f"期初{asset.name}", f"opening {asset.code}", f"opening {asset.name}"):
            columns[head.lower()] = f"opening:{asset.code}"
    heads = _head_row(sheet.rows, columns)
    if heads is None:
        names = "、".join(one.heads[0] for one in _NEEDED)
        made.tell(
            Fault(
                1,
                "",
                f"没有找到表头。前 {_HEAD_WITHIN} 行里要有一行写着：{names}",
                f"no head was found; one of the first {_HEAD_WITHIN} rows must say: {names}",
            )
        )
        return
    places = _places(heads, columns, made)
    _tell_merged(sheet, heads.number, made)
    with closing(Twins()) as twins:
        for row in sheet.rows:
            found = _Reading(row, places, made, ground).newcomer()
            if found is not None:
                twins.look_at(found, made)
                made.count(found)
                yield found
    if not made.rows and not made.faults_found:
        made.tell(Fault(heads.number, "", "表头下面没有人", "nobody is listed"))


def _head(cell: Cell) -> str:
    text = unicodedata.normalize("NFKC", cell) if type(cell) is str else ""
    return re.sub(r"\s*[*(（].*$", "", text.strip().lower()) or text.strip().lower()


def _head_row(rows: Iterator[Row], columns: Mapping[str, str]) -> Row | None:
    """Read on to the row with the heads, and return it."""
    for row in islice(rows, _HEAD_WITHIN):
        found = {columns.get(_head(cell)) for cell in row.cells}
        if "name" in found and len(found - {None}) > 1:
            return row
    return None


def _places(row: Row, columns: Mapping[str, str], made: Checked) -> dict[str, int]:
    """Return where each field stands, and tell of columns that are unknown, twice or missing."""
    places: dict[str, int] = {}
    for n, cell in enumerate(row.cells):
        head = _head(cell)
        known = columns.get(head)
        if known is None and head and head not in _IGNORED:
            said = (
                "不认识这一列，请改成模板里的列名，或删掉它",
                "this column is not known; name it as in the template, or take it out",
            )
            made.tell(Fault(row.number, str(cell)[:40], *said))
        elif known in places:
            made.tell(
                Fault(row.number, str(cell)[:40], "这一列出现了两次", "this column is there twice")
            )
        elif known is not None:
            places[known] = n
            made.heads[known] = str(cell)[:40]
    for one in _NEEDED:
        if one.field not in places:
            made.tell(Fault(row.number, one.heads[0], "缺少这一列", "this column is missing"))
    return places


def _tell_merged(sheet: Sheet, head_line: int, made: Checked) -> None:
    """Tell of merged cells in the list; a title above it may be merged."""
    from openpyxl.utils import range_boundaries  # noqa: PLC0415 - slow, and rarely used

    for ref in sheet.merged:
        _, first, _, last = range_boundaries(ref)
        if last is not None and first is not None and last >= head_line:
            said = (
                f"{ref} 是合并单元格，请取消合并并在每一行填上内容",
                f"{ref} is merged; split it and fill every row in",
            )
            made.tell(Fault(first, ref, *said))


class Twins:
    """Tells of what only one line of a list may have; seen words lie on disk as keyed hashes.

    The key is drawn for this list alone and forgotten with it: no word can be read out of the file.
    """

    _ONCE = (
        ("phone", ("手机号", "phone")),
        ("document", ("证件号", "document")),
        ("number", ("编号", "number")),
    )

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._at = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._at.execute("PRAGMA journal_mode = OFF")
        self._at.execute("CREATE TABLE seen (hash BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")

    def look_at(self, one: Newcomer, made: Checked) -> None:
        """Tell if a line before had the phone, the document or the number of this one."""
        for what, said in self._ONCE:
            value = getattr(one, what)
            at = one.line if value is None else self._first(what, value, one.line)
            if at != one.line:
                same = (
                    f"与第 {at} 行的{said[0]}相同",
                    f"the same {said[1]} as in row {at}",
                )
                made.fault(one.line, what, same, value)

    def _first(self, what: str, value: str, line: int) -> int:
        """Return the first line that has this."""
        text = f"{what}/{value}".encode()
        digest = hashlib.blake2b(text, key=self._key, digest_size=16).digest()
        fresh = self._at.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", [digest, line])
        if fresh.rowcount:
            return line
        found = self._at.execute("SELECT line FROM seen WHERE hash = ?", [digest])
        return int(found.fetchone()[0])

    def close(self) -> None:
        """Let the file go."""
        self._at.close()


class _Reading:
    """One row while it is read."""

    def __init__(self, row: Row, places: Mapping[str, int], made: Checked, ground: Ground) -> None:
        self._row, self._places, self._made, self._ground = row, places, made, ground
        self._bad = False

    def newcomer(self) -> Newcomer | None:
        """Return who stands here; None if a cell could not be read, which was told."""
        born_on = self._cell("born_on", self._day)
        said = {
            "name": self._cell(
                "name", lambda cell: line("name", member_cells.needed(cell), persons.NAME_MOST)
            ),
            "phone": self._cell("phone", member_cells.phone),
            "document": self._cell("document", member_cells.document),
            "address": self._cell("address", member_cells.address),
            "number": self._cell("number", member_cells.number),
            "community_id": self._cell("community", self._community),
        }
        agreed = self._cell("agreed", member_cells.yes)
        if agreed and born_on and ages.years(born_on, self._ground.today) < consents.GUARDED_BELOW:
            self._tell(
                "agreed",
                (
                    "未满 14 岁，要由监护人到场登记，请从名单里去掉",
                    "under 14: a guardian must come along; take this person off the list",
                ),
            )
        brought = [
            (asset.code, found)
            for asset in self._ground.assets
            if (
                found := self._cell(
                    f"opening:{asset.code}", partial(member_cells.units, asset=asset)
                )
            )
        ]
        if self._bad:
            return None
        return Newcomer(
            line=self._row.number,
            born_on=born_on,
            purposes=(consents.SERVICE,) if agreed else (),
            openings=tuple(brought),
            **said,
        )

    def _cell(self, name: str, read: Callable[[Cell], Any]) -> Any:
        """Read a cell, or tell what is wrong with it."""
        place = self._places.get(name)
        cell: Cell = ""
        if place is not None and place < len(self._row.cells):
            cell = self._row.cells[place]
        if isinstance(cell, Trouble):
            self._tell(name, member_cells.TROUBLES[cell])
            return None
        try:
            return read(cell)
        except Unreadable as bad:
            self._tell(name, bad.said, cell)
        except CreditbankError as error:
            self._tell(name, (error.sentence("zh"), error.sentence("en")), cell)
        return None

    def _tell(self, name: str, said: Said, cell: Cell = "") -> None:
        self._bad = True
        self._made.fault(self._row.number, name, said, cell)

    def _community(self, cell: Cell) -> str:
        name = member_cells.needed(cell)
        if name not in self._ground.communities:
            raise Unreadable(
                (
                    "没有这个社区，或不在您负责的范围",
                    "there is no such community, or it is not one of yours",
                )
            )
        return self._ground.communities[name]

    def _day(self, cell: Cell) -> date | None:
        return member_cells.day(cell, self._ground.today)


def template_csv(assets: Sequence[Asset]) -> bytes:
    """Return an empty list to fill in, as CSV."""
    return write_csv(_heads(assets), [])


def template_xlsx(assets: Sequence[Asset], communities: Sequence[str]) -> bytes:
    """Return an empty list to fill in, as XLSX, with a sheet that explains it."""
    rows = [
        (one.heads[0], "必填" if one in _NEEDED else "选填", one.zh, one.en, one.example)
        for one in COLUMNS
    ]
    rows += [
        (
            f"期初{one.name}",
            "选填",
            "从旧账转入的数；写入后要由另一位工作人员核对合计才入账",
            "points brought along; posted after a second person has confirmed the total",
            "120",
        )
        for one in assets
    ]
    rows += [("", "", "", "", "")]
    rows += [("可填的社区", "", one, "", "") for one in communities]
    return write_xlsx(
        Written("名单", _heads(assets), [], [14, 16, 22, 14, 18, 30, 12, 12]),
        Written(
            "说明", ("列名", "必填", "怎么填", "In English", "例子"), rows, [16, 8, 52, 52, 16]
        ),
    )


def _heads(assets: Sequence[Asset]) -> list[str]:
    return [one.heads[0] for one in COLUMNS] + [f"期初{one.name}" for one in assets]
