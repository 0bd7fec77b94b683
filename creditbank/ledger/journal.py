"""Foreign journals in, balances out.

A journal is a CSV of ``key,occurred_at,kind,source,destination,amount``, rows in file order. It is
checked whole before anything is loaded: `entries` reads it row by row, `creditbank.ledger.plans`
walks the balances it would leave, and `load` posts a slice of a plan. Names outside the chart live
under ``outside/…``: sources of ``issue`` rows without a floor, all others with floor 0 unless
allowed to be negative.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

from sqlalchemy import select

from creditbank.core import encodings
from creditbank.core.errors import BadAddress, CreditbankError, Malformed
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount, Asset, Posting, read_units, write_units
from creditbank.ledger import chart, day_totals
from creditbank.ledger.accounts import Place, every_asset, make
from creditbank.ledger.books import accounts
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, places_of, post_many

COLUMNS = ("key", "occurred_at", "kind", "source", "destination", "amount")
KINDS = frozenset(Kind) - {Kind.REVERSE, Kind.HOLD, Kind.RELEASE, Kind.MERGE}
_KEY_MOST = 255
_REASON_MOST = 200


@dataclass(eq=False)
class BadJournal(Malformed):
    """The file is no journal of ours: header, encoding, or nothing in it."""

    slug = "bad-journal"
    zh = "文件不能导入：{reason}"
    en = "This file cannot be imported: {reason}"
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that can be read: its line, and the transfer it becomes."""

    line: int
    draft: Draft


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that cannot: its line in the file, and why."""

    line: int
    reason: str


def decoded(content: bytes) -> str:
    """Return a file's text: UTF-8 with or without a mark, otherwise GB18030.

    Raises:
        BadJournal: it is neither.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadJournal("neither UTF-8 nor GB18030 / 编码不是 UTF-8 或 GB18030")


def lines_of(file: BinaryIO) -> Iterator[str]:
    """Yield the lines of a file, whatever its size: UTF-8, otherwise GB18030.

    Raises:
        BadJournal: it is neither, or has no lines.
    """
    encoding = encodings.encoding_of(file)
    if encoding is None:
        raise BadJournal("neither UTF-8 nor GB18030 / 编码不是 UTF-8 或 GB18030")
    try:
        yield from encodings.lines(file, encoding)
    except encodings.LineTooLong as error:
        raise BadJournal("a line without end / 有一行长得没有尽头") from error


def address_of(name: str) -> str:
    """Return the address a journal's name stands for: in the chart, or under ``outside/``."""
    head = name.split("/", 1)[0]
    in_chart = head in {chart.ISSUANCE, chart.EXPIRED, chart.SETTLED} or (
        head in {"member", "team", "merchant", "fund", "outside"} and "/" in name
    )
    return name if in_chart else chart.outside(name)


def entries(lines: Iterable[str], *, asset: Asset, zone: str) -> Iterator[Entry | Unreadable]:
    """Read rows one by one, as they are asked for; days without an offset are those of the zone.

    Raises:
        BadJournal: the header is not the six columns, or there are no rows.
    """
    reader = csv.DictReader(lines, strict=True)
    try:
        header = tuple(name.strip() for name in reader.fieldnames or ())
        if sorted(header) != sorted(COLUMNS):
            raise BadJournal(f"the columns are {','.join(COLUMNS)}")
        reader.fieldnames = list(header)
        seen = False
        for row in reader:
            seen = True
            try:
                yield Entry(reader.line_num, _draft(row, asset, zone))
            except (CreditbankError, ValueError) as error:
                yield Unreadable(reader.line_num, str(error)[:_REASON_MOST])
    except csv.Error as error:
        raise BadJournal(f"line {reader.reader.line_num}: {error}") from error
    if not seen:
        raise BadJournal("there are no rows")


def _draft(row: dict[str | None, str | None], asset: Asset, zone: str) -> Draft:
    if None in row or any(row[name] is None for name in COLUMNS):
        raise ValueError(f"{len(COLUMNS)} columns are needed")
    cell = {name: (row[name] or "").strip() for name in COLUMNS}
    if any("\0" in one for one in cell.values()):
        raise ValueError("there is a NUL in it, which no text has")
    if not 1 <= len(cell["key"]) <= _KEY_MOST:
        raise ValueError(f"key: 1 to {_KEY_MOST} characters are needed")
    if cell["kind"] not in KINDS:
        raise ValueError(f"kind: '{cell['kind'][:20]}' is not one of {', '.join(sorted(KINDS))}")
    at = _instant(cell["occurred_at"], zone)
    source, destination = (_address(cell[side], asset) for side in ("source", "destination"))
    if source == destination:
        raise ValueError("source and destination are the same")
    units = read_units(cell["amount"], asset.scale)
    return Draft(
        Kind(cell["kind"]),
        f"import/{cell['key']}",
        at,
        (Posting(source, destination, Amount(units, asset.code)),),
    )


def _instant(text: str, zone: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        at = at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(zone))
        at.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # such as year 1, the empty date of some programs
        raise ValueError(f"occurred_at: '{text[:30]}' is no date") from error
    return at


def _address(name: str, asset: Asset) -> str:
    if not name:
        raise BadAddress("")
    address = address_of(name)
    chart.bounds(address, asset.kind)
    if chart.is_kept_by_engine(address):
        raise ValueError(f"{address}: only holds and withdrawn approvals move this account")
    return address


def load(unit: Unit, drafts: Sequence[Draft], bounds: Mapping[Place, chart.Bounds]) -> int:
    """Post a slice of a plan and return how many of its transfers are new.

    Raises:
        InsufficientPoints: the books have moved since the plan was made.
        KeyReused: a key was recorded since with other content.
    """
    make(unit, {place: bounds[place] for place in places_of(drafts) & bounds.keys()})
    return sum(not transfer.replayed for transfer in post_many(unit, drafts))


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """One account's balance as text in its asset's scale; issuing accounts are negative."""

    account: str
    asset: str
    balance: str


def balance_lines(view: View) -> list[BalanceLine]:
    """Return every account's balance, sorted, unbounded ones included: each asset sums to 0."""
    scales = {code: one.scale for code, one in every_asset(view).items()}
    went, came = day_totals.through(view)
    rows = view.rows(select(accounts).where(accounts.c.bank_id == view.bank_id))
    return [
        BalanceLine(
            row.address,
            row.asset_code,
            write_units(
                came.get(place, 0) - went.get(place, 0) if row.balance is None else row.balance,
                scales[row.asset_code],
            ),
        )
        for row in sorted(rows, key=lambda row: (row.address, row.asset_code))
        for place in ((row.address, row.asset_code),)
    ]
