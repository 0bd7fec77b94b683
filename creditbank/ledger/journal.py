"""Foreign journals in, balances out.

A journal is a CSV of ``key,occurred_at,kind,source,destination,amount``, rows in file order. It is
checked whole before anything is loaded: `plan` reads every row, walks the balances it would leave,
and lists every bad row with its line and reason; `load` posts a slice of a plan. Names outside
the chart live under ``outside/…``: sources of ``issue`` rows without a floor, all others with
floor 0 unless allowed to be negative.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select

from creditbank.core.errors import BadAddress, CreditbankError, Malformed
from creditbank.core.units import Unit, View
from creditbank.core.values import UNITS_MOST, Amount, Asset, Posting, read_units, write_units
from creditbank.ledger import chart
from creditbank.ledger.accounts import Place, every_asset, make
from creditbank.ledger.books import accounts, postings, transfers
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, places_of, post_many

COLUMNS = ("key", "occurred_at", "kind", "source", "destination", "amount")
KINDS = frozenset(Kind) - {Kind.REVERSE, Kind.HOLD, Kind.RELEASE, Kind.MERGE}
_KEY_MOST = 255
_LOOK_UP = 500


@dataclass(eq=False)
class BadJournal(Malformed):
    """The file is no journal of ours: header, encoding, or nothing in it."""

    slug = "bad-journal"
    zh = "文件不能导入：{reason}"
    en = "This file cannot be imported: {reason}"
    reason: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be loaded: its line in the file, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that can: its line, and the transfer it becomes."""

    line: int
    draft: Draft


@dataclass(slots=True)
class Plan:
    """A checked journal: what would be loaded, the bounds of new names, and what is wrong."""

    entries: list[Entry] = field(default_factory=list)
    bounds: dict[Place, chart.Bounds] = field(default_factory=dict)
    bad: list[BadRow] = field(default_factory=list)
    repeated: int = 0

    @property
    def drafts(self) -> list[Draft]:
        """The transfers to post, in file order, without those recorded before."""
        return [entry.draft for entry in self.entries]


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


def address_of(name: str) -> str:
    """Return the address a journal's name stands for: in the chart, or under ``outside/``."""
    head = name.split("/", 1)[0]
    in_chart = head in {chart.ISSUANCE, chart.EXPIRED, chart.SETTLED} or (
        head in {"member", "team", "merchant", "fund", "outside"} and "/" in name
    )
    return name if in_chart else chart.outside(name)


def plan(
    view: View, lines: Iterable[str], *, asset: Asset, allow_negative: Iterable[str] = ()
) -> Plan:
    """Check a whole journal against the books as they are; nothing is written.

    Raises:
        BadJournal: the header is not the six columns, or there are no rows.
    """
    made = Plan()
    entries = list(_read(view, lines, asset, made))
    entries = _without_twins(entries, made)
    entries = _without_recorded(view, entries, made)
    free = {address_of(name) for name in allow_negative}
    free |= {e.draft.postings[0].source for e in entries if e.draft.kind is Kind.ISSUE}
    standing = _standing(view, entries, made, asset, free)
    for entry in entries:
        reason = _walk(standing, entry, asset)
        if reason is None:
            made.entries.append(entry)
        else:
            made.bad.append(BadRow(entry.line, reason))
    made.bad.sort(key=lambda row: row.line)
    return made


def _read(view: View, lines: Iterable[str], asset: Asset, made: Plan) -> Iterator[Entry]:
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
                yield Entry(reader.line_num, _draft(view, row, asset))
            except (CreditbankError, ValueError) as error:
                made.bad.append(BadRow(reader.line_num, str(error)))
    except csv.Error as error:
        raise BadJournal(f"line {reader.reader.line_num}: {error}") from error
    if not seen:
        raise BadJournal("there are no rows")


def _draft(view: View, row: dict[str | None, str | None], asset: Asset) -> Draft:
    if None in row or any(row[name] is None for name in COLUMNS):
        raise ValueError(f"{len(COLUMNS)} columns are needed")
    cell = {name: (row[name] or "").strip() for name in COLUMNS}
    if not 1 <= len(cell["key"]) <= _KEY_MOST:
        raise ValueError(f"key: 1 to {_KEY_MOST} characters are needed")
    if cell["kind"] not in KINDS:
        raise ValueError(f"kind: '{cell['kind'][:20]}' is not one of {', '.join(sorted(KINDS))}")
    try:
        at = datetime.fromisoformat(cell["occurred_at"])
    except ValueError as error:
        raise ValueError(f"occurred_at: '{cell['occurred_at'][:30]}' is no date") from error
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(view.bank.zone))
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


def _address(name: str, asset: Asset) -> str:
    if not name:
        raise BadAddress("")
    address = address_of(name)
    chart.bounds(address, asset.kind)
    if chart.is_kept_by_engine(address):
        raise ValueError(f"{address}: only holds and withdrawn approvals move this account")
    return address


def _without_twins(entries: Sequence[Entry], made: Plan) -> list[Entry]:
    """Count a key that comes twice with the same content once; with other content not at all."""
    first: dict[str, Entry] = {}
    clashing: dict[str, set[int]] = {}
    for entry in entries:
        twin = first.setdefault(entry.draft.key, entry)
        if twin is entry:
            continue
        if twin.draft.content_hash() == entry.draft.content_hash():
            made.repeated += 1
        else:
            clashing.setdefault(entry.draft.key, {twin.line}).add(entry.line)
    for key, at in clashing.items():
        together = ", ".join(str(line) for line in sorted(at))
        reason = f"key: '{key.removeprefix('import/')}' has different content on lines {together}"
        made.bad.extend(BadRow(line, reason) for line in at)
    return [entry for entry in first.values() if entry.draft.key not in clashing]


def _without_recorded(view: View, entries: Sequence[Entry], made: Plan) -> list[Entry]:
    """Leave out what the books have already; a recorded key with other content is a bad row."""
    recorded: dict[str, str] = {}
    for at in range(0, len(entries), _LOOK_UP):
        wanted = [entry.draft.key for entry in entries[at : at + _LOOK_UP]]
        rows = view.rows(
            select(transfers.c.key, transfers.c.content_hash).where(
                transfers.c.bank_id == view.bank_id, transfers.c.key.in_(wanted)
            )
        )
        recorded |= {row.key: row.content_hash for row in rows}
    fresh = []
    for entry in entries:
        known = recorded.get(entry.draft.key)
        if known is None:
            fresh.append(entry)
        elif known == entry.draft.content_hash():
            made.repeated += 1
        else:
            made.bad.append(BadRow(entry.line, "key: recorded before with other content"))
    return fresh


@dataclass(slots=True)
class _Standing:
    """A balance as the plan walks it; ``known`` is False for an address that must exist first."""

    units: int
    floor: int | None
    ceiling: int | None
    known: bool = True


def _standing(
    view: View, entries: Sequence[Entry], made: Plan, asset: Asset, free: set[str]
) -> dict[str, _Standing]:
    """Return the balances and bounds to start from, and put new names' bounds into the plan."""
    wanted = sorted(
        {side for e in entries for p in e.draft.postings for side in (p.source, p.destination)}
    )
    standing: dict[str, _Standing] = {}
    for at in range(0, len(wanted), _LOOK_UP):
        rows = view.rows(
            select(accounts).where(
                accounts.c.bank_id == view.bank_id,
                accounts.c.asset_code == asset.code,
                accounts.c.address.in_(wanted[at : at + _LOOK_UP]),
            )
        )
        for row in rows:
            standing[row.address] = _Standing(row.balance or 0, row.floor, row.ceiling)
    for address in wanted:
        if address in standing:
            continue
        bound = chart.bounds(address, asset.kind)
        if address.startswith(chart.OUTSIDE):
            bound = chart.UNBOUNDED if address in free else chart.Bounds(0)
        made.bounds[address, asset.code] = bound
        personal = address.split("/")[0] in {"member", "team", "merchant"}
        standing[address] = _Standing(0, bound.floor, bound.ceiling, known=not personal)
    return standing


def _walk(standing: dict[str, _Standing], entry: Entry, asset: Asset) -> str | None:
    """Move the balances of one row, or say why it cannot be."""
    posting = entry.draft.postings[0]
    source, destination = standing[posting.source], standing[posting.destination]
    units = posting.amount.units
    for address, one in ((posting.source, source), (posting.destination, destination)):
        if not one.known:
            return f"there is no account {address}"
    if source.floor is not None and source.units - units < source.floor:
        there = write_units(source.units - source.floor, asset.scale)
        needed = write_units(units, asset.scale)
        return f"{posting.source}: {there} there, {needed} needed"
    if destination.units + units > (
        UNITS_MOST if destination.ceiling is None else destination.ceiling
    ):
        return f"{posting.destination}: the account is full"
    if source.units - units < -UNITS_MOST:
        return f"{posting.source}: more than can be counted"
    source.units -= units
    destination.units += units
    return None


def load(unit: Unit, drafts: Sequence[Draft], bounds: dict[Place, chart.Bounds]) -> int:
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


def _unbounded_flows(view: View, side: str) -> Select[Any]:
    """Return a query for what went through one side of each unbounded account."""
    return (
        select(accounts.c.account_id, func.sum(postings.c.units).label("units"))
        .join_from(
            accounts,
            postings,
            (postings.c.bank_id == accounts.c.bank_id)
            & (postings.c[side] == accounts.c.account_id),
        )
        .where(accounts.c.bank_id == view.bank_id, accounts.c.balance.is_(None))
        .group_by(accounts.c.account_id)
    )


def balance_lines(view: View) -> list[BalanceLine]:
    """Return every account's balance, sorted, unbounded ones included: each asset sums to 0."""
    scales = {code: one.scale for code, one in every_asset(view).items()}
    flows: dict[int, int] = {}
    for side, sign in (("source_id", -1), ("destination_id", 1)):
        rows = view.rows(_unbounded_flows(view, side))
        for row in rows:
            flows[row.account_id] = flows.get(row.account_id, 0) + sign * int(row.units)
    rows = view.rows(select(accounts).where(accounts.c.bank_id == view.bank_id))
    return [
        BalanceLine(
            row.address,
            row.asset_code,
            write_units(
                flows.get(row.account_id, 0) if row.balance is None else row.balance,
                scales[row.asset_code],
            ),
        )
        for row in sorted(rows, key=lambda row: (row.address, row.asset_code))
    ]
