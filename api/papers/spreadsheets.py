"""Spreadsheets: XLSX and CSV read into rows with their numbers, and written so that nothing runs.

What is read is never trusted: parts of an XLSX are bounded before they are unpacked, formulas are
seen and not computed, and what Excel has rounded is told instead of taken. What is written stays
text: no cell becomes a formula, and phones keep all their digits.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from typing import Any, BinaryIO
from warnings import catch_warnings, simplefilter

from creditbank.core import encodings
from creditbank.core.errors import Malformed

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"

COLUMNS_MOST = 60
CELL_MOST = 2_000
UNPACKED_MOST = 256_000_000
STRINGS_MOST = 64_000_000
PART_MOST = 16_000_000
PARTS_MOST = 2_000
MERGED_TOLD = 1_000
LINES_MOST = 1_048_576  # no program writes a row below this one

_EXACT_MOST = 10**15  # Excel keeps 15 digits of a number
_CHUNK = 1 << 20
_MERGE = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"'
)
_ROW = re.compile(rb"<(?:\w+:)?row[\s>]")
_TEXT_FORMULA = re.compile(r'="([^"]*)"')
_RUNS = tuple("=+-@\t\r＝＋－＠")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")


@dataclass(eq=False)
class BadSpreadsheet(Malformed):
    """The file is no spreadsheet that can be read."""

    slug = "bad-spreadsheet"
    zh = "这个表格读不了：{why_zh}"
    en = "This spreadsheet can't be read: {why_en}"
    why_zh: str
    why_en: str


class Trouble(StrEnum):
    """What stands in a cell instead of something to be used."""

    FORMULA = "formula"
    ERROR = "error"
    ROUNDED = "rounded"
    LONG = "long"


Cell = str | date | Trouble


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its number as the program shows it that made the file."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in it."""
        return not any(self.cells)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A spreadsheet: how it was written, its rows, and which cells are merged (``A2:A5``).

    Rows are read as they are asked for, once.
    """

    written_as: str
    rows: Iterator[Row]
    merged: tuple[str, ...] = ()


@contextmanager
def opened(file: BinaryIO, *, rows_most: int) -> Iterator[Sheet]:
    """Open the first sheet of an XLSX, or a CSV, for a with block; empty rows are left out.

    Raises:
        BadSpreadsheet: it is neither, or larger than can be taken in; said where that shows.
    """
    file.seek(0)
    head = file.read(4)
    if head == b"\xd0\xcf\x11\xe0":
        raise BadSpreadsheet(
            "这是旧版 .xls 或带密码的文件，请另存为 .xlsx 或 CSV",
            "it is an old .xls or has a password; please save it as .xlsx or CSV",
        )
    if head.startswith(b"PK"):
        with _xlsx(file, rows_most) as sheet:
            yield sheet
    else:
        encoding, written_as = _encoding(file, head)
        yield Sheet(written_as, _csv_rows(encodings.lines(file, encoding), rows_most))


def too_long(rows_most: int) -> BadSpreadsheet:
    """Return what is said of a file with too many rows."""
    return BadSpreadsheet(
        f"一次最多 {rows_most:,} 行，请按社区分成几个文件",
        f"at most {rows_most:,} rows at once; please divide it into several files",
    )


_BROKEN = BadSpreadsheet(
    "文件已损坏，或不是表格。请重新导出为 .xlsx 或 CSV",
    "it is broken, or no spreadsheet; please export it anew as .xlsx or CSV",
)
_BOMB = BadSpreadsheet(
    "文件解压后太大，请只保留名单所在的工作表",
    "it is too large when unpacked; please keep only the sheet with the list",
)


def _encoding(file: BinaryIO, head: bytes) -> tuple[str, str]:
    """Return how a text is written: UTF-8 if it can be, else GB18030."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadSpreadsheet(
            "编码是 UTF-16，请另存为“CSV UTF-8”",
            "it is UTF-16; please save it as 'CSV UTF-8'",
        )
    encoding = encodings.encoding_of(file)
    if encoding is None:
        raise BadSpreadsheet("编码不是 UTF-8 或 GB18030", "it is neither UTF-8 nor GB18030")
    return encoding, "UTF-8" if encoding.startswith("utf") else "GB18030"


def _csv_rows(lines: Iterator[str], rows_most: int) -> Iterator[Row]:
    seen = 0
    try:
        first = next(lines, "")
        divider = max(",\t;", key=first.count)
        whole = _without_nul(chain([first], lines))
        for number, cells in enumerate(csv.reader(whole, delimiter=divider), start=1):
            row = Row(number, tuple(_of_text(one) for one in cells[:COLUMNS_MOST]))
            if row.is_empty:
                continue
            seen += 1
            if seen > rows_most:
                raise too_long(rows_most)
            yield row
    except (csv.Error, encodings.LineTooLong) as error:
        raise BadSpreadsheet("逗号或引号不成对", "commas or quotes are not in order") from error


def _without_nul(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if "\0" in line:
            raise BadSpreadsheet("文件不是文本表格", "it is no table of text")
        yield line


def _of_text(text: str) -> Cell:
    """Read what a CSV holds; ``="0138"`` is how some write a text of digits."""
    said = text.strip()
    as_text = _TEXT_FORMULA.fullmatch(said)
    if as_text is not None:
        said = as_text[1].strip()
    elif said.startswith("="):
        return Trouble.FORMULA
    elif said[:1] == "'" and said[1:2] in _RUNS:
        said = said[1:]
    return Trouble.LONG if len(said) > CELL_MOST else said


@contextmanager
def _xlsx(file: BinaryIO, rows_most: int) -> Iterator[Sheet]:
    from openpyxl import load_workbook  # noqa: PLC0415 - slow, and rarely used

    with _broken():
        with zipfile.ZipFile(file) as archive:
            _require_bounded(archive)
        with catch_warnings():
            simplefilter("ignore")  # of styles and extensions that don't matter here
            book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
    try:
        with _broken():
            sheet: Any = book.worksheets[0]
            path = sheet._worksheet_path  # noqa: SLF001 - where its cells lie in the archive
            merged = _scanned(file, path, rows_most)
            sheet.reset_dimensions()  # what is said there need not be true
        yield Sheet("XLSX", _xlsx_rows(sheet, rows_most), merged)
    finally:
        book.close()


@contextmanager
def _broken() -> Iterator[None]:
    """Say of whatever a broken file breaks in a with block that it is broken."""
    try:
        yield
    except BadSpreadsheet:
        raise
    except Exception as error:  # a broken file can break the reader anywhere
        raise _BROKEN from error


def _require_bounded(archive: zipfile.ZipFile) -> None:
    """See that nothing large, and nothing that grows by itself, is in an archive."""
    members = archive.infolist()
    if len(members) > PARTS_MOST or sum(one.file_size for one in members) > UNPACKED_MOST:
        raise _BOMB
    declared = _bounds_declared(archive)
    for one in members:
        name = one.filename.lower()
        if not name.endswith((".xml", ".rels")) and one.filename not in declared:
            continue
        texts = STRINGS_MOST if "sharedstrings" in name else PART_MOST
        by_name = UNPACKED_MOST if "worksheets/" in name else texts
        if one.file_size > declared.get(one.filename, by_name):
            raise _BOMB
        with archive.open(one) as part:
            head = part.read(2_000).replace(b"\0", b"").upper()
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
            raise _BROKEN


def _bounds_declared(archive: zipfile.ZipFile) -> dict[str, int]:
    """Return how large parts may be by what they are said to be; the reader goes by that, too."""
    from openpyxl.packaging.manifest import Manifest  # noqa: PLC0415 - slow, and rarely used
    from openpyxl.xml import constants, functions  # noqa: PLC0415

    mosts = {constants.WORKSHEET_TYPE: UNPACKED_MOST, constants.SHARED_STRINGS: STRINGS_MOST}
    found: dict[str, int] = {}
    if Manifest.path in archive.namelist():
        with archive.open(Manifest.path) as part:
            root: Any = functions.fromstring(part.read(PART_MOST))
        contents: Any = Manifest.from_tree(root)
        for one in contents.Override:
            name, most = one.PartName[1:], mosts.get(one.ContentType, PART_MOST)
            found[name] = min(most, found.get(name, most))
    return found


def _scanned(file: BinaryIO, path: str, rows_most: int) -> tuple[str, ...]:
    """Return which cells are merged; the rows are counted first, since that is cheap."""
    found: list[str] = []
    rows, kept = 0, b""
    with zipfile.ZipFile(file) as archive, archive.open(path) as part:
        while chunk := part.read(_CHUNK):
            text = kept + chunk
            end = text.rfind(b"<") if len(text) > 1 else 0
            whole, kept = text[:end], text[end:][-_CHUNK:]
            rows += len(_ROW.findall(whole))
            found += [ref.decode() for ref in _MERGE.findall(whole)]
            del found[MERGED_TOLD:]
            if rows > rows_most * 2:
                raise too_long(rows_most)
    return tuple(found)


def _xlsx_rows(sheet: Any, rows_most: int) -> Iterator[Row]:
    """Yield what stands in a sheet; rows that a file leaves out are all the same tuple."""
    seen, left_out = 0, None
    following = enumerate(sheet.iter_rows(max_col=COLUMNS_MOST), start=1)
    while True:
        with _broken():
            number, cells = next(following, (0, None))
        if cells is None:
            return
        if number > LINES_MOST:
            raise _BROKEN
        if cells is left_out:
            continue
        row = Row(number, tuple(_of_cell(one) for one in cells))
        if row.is_empty:
            left_out = cells
            continue
        seen += 1
        if seen > rows_most:
            raise too_long(rows_most)
        yield row


def _of_cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type in _IN_PLACE:
        return _IN_PLACE[cell.data_type]
    if isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value
    if isinstance(value, int | float):
        return _of_number(value)
    said = str(value).strip()
    return Trouble.LONG if len(said) > CELL_MOST else said


_IN_PLACE = {"f": Trouble.FORMULA, "e": Trouble.ERROR}


def _of_number(value: float) -> Cell:
    if isinstance(value, bool):
        return "是" if value else "否"
    if abs(value) >= _EXACT_MOST:
        return Trouble.ROUNDED
    return str(int(value)) if value == int(value) else repr(value)


Value = str | int | Decimal | date | None


def safe(text: str) -> str:
    """Return a text that no program takes for a formula."""
    plain = _CONTROL.sub("", text)
    return f"'{plain}" if plain.startswith(_RUNS) else plain


def write_csv(head: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    """Return a CSV that Excel opens in Chinese: UTF-8 with its mark, CRLF, no formulas."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    for row in (head, *rows):
        writer.writerow([_csv_value(one) for one in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _csv_value(value: Value) -> str | int:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return str(value)
    return value if isinstance(value, int) else safe(str(value))


@dataclass(frozen=True, slots=True)
class Written:
    """A sheet to write: what it is called, its head, its rows, and how wide its columns are."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Value]]
    widths: Sequence[int] = ()


def write_xlsx(*sheets: Written) -> bytes:
    """Return an XLSX; texts stay texts whatever they begin with, whole numbers are numbers."""
    from openpyxl import Workbook  # noqa: PLC0415 - slow, and rarely used
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    book = Workbook(write_only=True)
    for one in sheets:
        sheet = book.create_sheet(one.title)
        for n, _ in enumerate(one.head):
            column = sheet.column_dimensions[get_column_letter(n + 1)]
            column.width = one.widths[n] if n < len(one.widths) else 16
            column.number_format = "@"
        sheet.freeze_panes = "A2"
        sheet.append([_xlsx_cell(sheet, name, bold=True) for name in one.head])
        for row in one.rows:
            sheet.append([_xlsx_cell(sheet, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _xlsx_cell(sheet: Any, value: Value, *, bold: bool = False) -> Any:
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415

    if value is None:
        return None
    if isinstance(value, int):
        return WriteOnlyCell(sheet, value=value)
    if isinstance(value, Decimal):  # yuan: to be summed, and shown with their fen
        amount = WriteOnlyCell(sheet, value=None)
        amount.value = value
        amount.number_format = "#,##0.00"
        return amount
    cell = WriteOnlyCell(sheet, value="")
    cell.value = _CONTROL.sub("", str(value))
    cell.data_type = "s"  # else one that begins with = would be a formula
    cell.number_format = "@"
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if bold:
        cell.font = Font(bold=True)
    return cell
