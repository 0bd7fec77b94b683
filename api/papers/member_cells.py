"""Cells of a list of people: one word of one person read, or told why it can't be. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta

from api.papers.spreadsheets import Cell, Trouble
from creditbank.core.errors import CreditbankError
from creditbank.core.texts import line
from creditbank.core.values import Asset, read_units, write_units
from creditbank.people import persons

OPENING_MOST = 1_000_000

Said = tuple[str, str]

_EARLIEST = date(1900, 1, 1)
_ZERO_DAY = date(1899, 12, 30)  # day 0 of Excel's calendar
_SERIALS = range(10_000, 80_000)
_YES, _NO = {"是", "y", "yes", "true", "1", "√", "✓"}, {"", "否", "n", "no", "false", "0"}
_DAY = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:\s+0?0:00(?::00)?)?"
)
_CLOSE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_ROUNDED = re.compile(r"\d(?:\.\d+)?E\+?\d+", re.IGNORECASE)

TROUBLES: Mapping[Trouble, Said] = {
    Trouble.FORMULA: (
        "这一格是公式，请复制后“选择性粘贴 → 数值”",
        "this is a formula; copy it and paste the values only",
    ),
    Trouble.ERROR: ("这一格是 Excel 的错误值", "this is an error value of Excel"),
    Trouble.ROUNDED: (
        "数字太长，Excel 已把后几位变成 0。请把整列设为“文本”格式，再重新填写",
        "Excel has rounded this number; format the column as text and fill it in again",
    ),
    Trouble.LONG: ("内容太长", "this is too long"),
}
_EATEN: Said = (
    "号码被 Excel 变成了 1.38E+10 这样的写法，后几位已丢失。请把整列设为“文本”格式，再重新填写号码",
    "Excel made 1.38E+10 of it; format the column as text and fill the number in again",
)


class Unreadable(ValueError):
    """A cell that can't be read, with what to say."""

    def __init__(self, said: Said) -> None:
        super().__init__(said[0])
        self.said = said


def day(cell: Cell, today: date) -> date | None:
    """Read a day as people write it; None if nothing stands there.

    Raises:
        Unreadable: it is no day, or none on which somebody alive was born.
    """
    if isinstance(cell, date):
        found = cell
    else:
        text = plain(cell)
        if not text:
            return None
        found = _day_of(text)
    if not _EARLIEST <= found <= today:
        raise Unreadable(("日期不在 1900 年到今天之间", "the day is not between 1900 and today"))
    return found


def _day_of(text: str) -> date:
    parts = _DAY.fullmatch(text) or _CLOSE.fullmatch(text)
    if parts is not None:
        try:
            return date(int(parts[1]), int(parts[2]), int(parts[3]))
        except ValueError:
            raise Unreadable(("没有这一天", "there is no such day")) from None
    if text.isdecimal() and int(text) in _SERIALS:
        return _ZERO_DAY + timedelta(days=int(text))
    raise Unreadable(
        (
            "看不懂这个日期，请写成 1956-3-1 这样",
            "this day is not understood; write it like 1956-3-1",
        )
    )


def plain(cell: Cell) -> str:
    """Return a cell's text with its full-width signs made plain."""
    return unicodedata.normalize("NFKC", str(cell)).strip()


def needed(cell: Cell) -> str:
    """Return the text of a cell that must not be empty.

    Raises:
        Unreadable: it is.
    """
    text = plain(cell)
    if not text:
        raise Unreadable(("必填，这一格是空的", "this is needed and empty"))
    return text


def name(cell: Cell) -> str:
    """Read a name.

    Raises:
        Unreadable: nothing stands there.
        BadField: it is too long.
    """
    return line("name", needed(cell), persons.NAME_MOST)


def address(cell: Cell) -> str | None:
    """Read an address; None if nothing stands there.

    Raises:
        BadField: it is too long.
    """
    text = plain(cell)
    return line("address", text, persons.ADDRESS_MOST) if text else None


def phone(cell: Cell) -> str | None:
    """Read a phone number; None if nothing stands there.

    Raises:
        Unreadable: Excel has rounded it.
        BadField: it is no phone number.
    """
    text = plain(cell)
    if _ROUNDED.fullmatch(text.replace(" ", "")):
        raise Unreadable(_EATEN)
    return persons.normal_phone(text) if text else None


def document(cell: Cell) -> str | None:
    """Read a document number; None if nothing stands there.

    Raises:
        Unreadable: Excel has rounded it.
        BadField: it is no document number.
    """
    text = plain(cell)
    if _ROUNDED.fullmatch(text.replace(" ", "")):
        raise Unreadable(TROUBLES[Trouble.ROUNDED])
    return persons.normal_document(text) if text else None


def number(cell: Cell) -> str | None:
    """Read a member's number.

    Raises:
        Unreadable: it has other signs.
    """
    text = plain(cell)
    if text and not re.fullmatch(r"[A-Za-z0-9-]{1,20}", text):
        raise Unreadable(("1–20 位字母、数字或连字符", "1–20 letters, digits or '-'"))
    return text or None


def yes(cell: Cell) -> bool:
    """Read a yes or no; nothing is no.

    Raises:
        Unreadable: it is neither.
    """
    text = plain(cell).lower()
    if text not in _YES | _NO:
        raise Unreadable(("请填“是”或留空", "write 'yes', or leave it empty"))
    return text in _YES


def units(cell: Cell, asset: Asset) -> int:
    """Read an amount in units of an asset; nothing is 0.

    Raises:
        Unreadable: it is no amount, or too large.
    """
    text = plain(cell).replace(",", "")
    if not text:
        return 0
    try:
        units = read_units(text, asset.scale)
    except CreditbankError:
        units = -1
    if not 0 <= units <= OPENING_MOST:
        most = write_units(OPENING_MOST, asset.scale)
        raise Unreadable(
            (
                f"要填 0 到 {most} 的数，最多 {asset.scale} 位小数",
                f"a number from 0 to {most} with at most {asset.scale} decimals is needed",
            )
        )
    return units
