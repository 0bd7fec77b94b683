"""A bank to post in, short words for what tests do with it, and what must always hold of it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import select, text

from creditbank.core import banks
from creditbank.core.database import Database
from creditbank.core.units import Actor, Declined, Unit, View
from creditbank.core.values import Amount, Asset, AssetKind, Posting
from creditbank.ledger import accounts, chart, issues, posting, statements
from creditbank.ledger.chart import Kind

R = TypeVar("R")

POINTS, STARS = "XYB", "STAR"
OPERATOR = Actor("stf_operator", "operator")


def made_up(prefix: str, number: int) -> str:
    """An id of the right form."""
    return f"{prefix}_{number:026d}"


ANN, BEN, CAN = (made_up("mem", number) for number in (1, 2, 3))
SHOP = chart.merchant(made_up("mer", 1))


def found(database: Database, slug: str = "demo", zone: str = "Asia/Shanghai") -> banks.Bank:
    """Found a bank with spendable points and honour stars."""
    bank = database.install(
        lambda connection, now: banks.create(
            connection, slug=slug, name="示范互助社", zone=zone, now=now
        )
    )

    def assets(unit: Unit) -> None:
        accounts.create_asset(unit, Asset(POINTS, "信义贝", 0, AssetKind.SPENDABLE))
        accounts.create_asset(unit, Asset(STARS, "志愿星", 0, AssetKind.HONOUR))

    database.write(bank.bank_id, OPERATOR, assets)
    return bank


def moved(
    source: str, destination: str, units: int, asset: str = POINTS, expires_on: date | None = None
) -> Posting:
    """One movement of points."""
    return Posting(source, destination, Amount(units, asset), expires_on)


class Books:
    """One bank in an open database."""

    def __init__(self, database: Database, slug: str = "demo") -> None:
        self.database = database
        self.bank = found(database, slug)
        self.bank_id = self.bank.bank_id
        self._keys = 0

    def do(self, work: Callable[[Unit], R | Declined]) -> R:
        """Run one unit as the operator."""
        return self.database.write(self.bank_id, OPERATOR, work)

    def see(self, look: Callable[[View], R]) -> R:
        """Run one view, on another connection than the writer's."""
        return self.database.read(self.bank_id, look)

    def key(self) -> str:
        """A transfer key that was not used yet."""
        self._keys += 1
        return f"test/{self._keys:04d}"

    def keys(self, count: int) -> list[str]:
        """So many transfer keys that were not used yet."""
        return [self.key() for _ in range(count)]

    def post(
        self, *postings: Posting, kind: Kind = Kind.GIFT, key: str | None = None
    ) -> posting.Transfer:
        """Post one transfer."""
        named = key or self.key()
        return self.do(
            lambda unit: posting.post(unit, posting.Draft(kind, named, unit.now, postings))
        )

    def earn(
        self, member_id: str, units: int, expires_on: date | None = None, asset: str = POINTS
    ) -> posting.Transfer:
        """Let a member earn units."""
        named = self.key()
        return self.do(
            lambda unit: issues.issue(
                unit,
                earned=[issues.Earned(member_id, Amount(units, asset), expires_on)],
                key=named,
                occurred_at=unit.now,
                refers_to=f"clm_{named}",
                period_id=None,
            )
        )

    def balance(self, member_id: str, asset: str = POINTS) -> statements.Balance:
        """What a member has."""
        return self.see(lambda view: statements.balance(view, chart.member(member_id), asset))

    def holding(self, member_id: str) -> tuple[int, int, int]:
        """A member's available, held and owed points."""
        balance = self.balance(member_id)
        return balance.available, balance.held, balance.owed

    def count(self, table: Any) -> int:
        """How many rows of this bank a table has."""
        return len(self.see(lambda view: view.rows(select(table).where(_of(view, table)))))

    def wrongs(self) -> list[str]:
        """What does not hold of the books; see `wrongs`."""
        return self.see(wrongs)


def _of(view: View, table: Any) -> Any:
    return table.c.bank_id == view.bank_id


class Account(NamedTuple):
    """A row of accounts."""

    account_id: int
    address: str
    asset_code: str
    floor: int | None
    ceiling: int | None
    balance: int | None
    version: int | None


class Side(NamedTuple):
    """A posting as one of its accounts sees it."""

    version: int | None
    units: int
    balance: int | None
    recorded_at: Any


EVERY_ACCOUNT = """
    SELECT account_id, address, asset_code, floor, ceiling, balance, version
    FROM account WHERE bank_id = :bank_id"""
EVERY_MOVE = """
    SELECT t.transfer_id, t.recorded_at, p.units, p.source_id, p.source_version, p.source_balance,
        p.destination_id, p.destination_version, p.destination_balance
    FROM transfer t
    LEFT JOIN posting p ON p.bank_id = t.bank_id AND p.transfer_id = t.transfer_id
    WHERE t.bank_id = :bank_id"""
OPEN_HOLDS = """
    SELECT member_id, asset_code, units FROM hold
    WHERE bank_id = :bank_id AND state = 'authorised'"""

Ask = Callable[[str], Iterable[Any]]


def wrongs(view: View) -> list[str]:
    """Say what does not hold of a bank: sums, bounds, chains of versions and instants, holds."""

    def ask(question: str) -> Iterable[Any]:
        return view.connection.execute(text(question), {"bank_id": view.bank_id}).all()

    return wrongs_in(ask, [Account._make(row) for row in ask(EVERY_ACCOUNT)])


def wrongs_in(ask: Ask, every: Sequence[Account]) -> list[str]:
    """Add everything up, by no rule of the ledger: two more questions bring the whole bank."""
    found = []
    sides: dict[int, list[Side]] = defaultdict(list)
    for transfer_id, recorded_at, units, *legs in ask(EVERY_MOVE):
        if units is None:
            found.append(f"transfer {transfer_id} moves nothing")
            continue
        source_id, version, balance, destination_id, other_version, other_balance = legs
        sides[source_id].append(Side(version, -units, balance, recorded_at))
        sides[destination_id].append(Side(other_version, units, other_balance, recorded_at))
    sums: dict[str, int] = defaultdict(int)
    for account in every:
        mine = sides.pop(account.account_id, [])
        total = sum(side.units for side in mine)
        sums[account.asset_code] += total if account.balance is None else account.balance
        found += _of_account(account, mine, total)
    found += [f"{asset} sums to {total}" for asset, total in sums.items() if total]
    found += [f"postings of no account {number}" for number in sides]
    return found + _of_holds(every, ask(OPEN_HOLDS))


def _of_account(account: Account, sides: Sequence[Side], total: int) -> list[str]:
    name = f"{account.address} {account.asset_code}"
    if account.balance is None:
        return [f"{name} keeps versions" for side in sides if side.version or side.balance]
    found = []
    if account.floor is not None and account.balance < account.floor:
        found.append(f"{name} is below its floor: {account.balance}")
    if account.ceiling is not None and account.balance > account.ceiling:
        found.append(f"{name} is above its ceiling: {account.balance}")
    if account.balance != total:
        found.append(f"{name} says {account.balance}, its postings {total}")
    balance, instant = 0, None
    for version, (number, units, after, recorded_at) in enumerate(sorted(sides), start=1):
        balance += units
        if (number, after) != (version, balance):
            found.append(f"{name} has version {number} with {after}, not {version}, {balance}")
        if instant is not None and recorded_at < instant:
            found.append(f"{name} was recorded earlier at version {number}")
        instant = recorded_at
    if account.version != len(sides):
        found.append(f"{name} is at version {account.version} of {len(sides)}")
    return found


def _of_holds(every: Sequence[Account], holds: Iterable[Any]) -> list[str]:
    held: dict[tuple[str, str], int] = defaultdict(int)
    for member_id, asset_code, units in holds:
        held[chart.held(member_id), asset_code] += units
    kept = {
        (one.address, one.asset_code): one.balance
        for one in every
        if chart.is_held(one.address) and one.balance
    }
    return [] if kept == dict(held) else [f"held accounts {kept}, open holds {dict(held)}"]
