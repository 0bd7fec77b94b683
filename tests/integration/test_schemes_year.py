"""Each programme runs a small year in a bank by its file alone, and its books are clean then."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import InsufficientPoints
from creditbank.core.values import Amount
from creditbank.ledger import payments
from creditbank.people import teams
from creditbank.schemes import welcome
from tests import cases
from tests.books import SHOP
from tests.cases import RANKINGS, TABLES, Case
from tests.programme import Programme, reward
from tests.society import ORGANISER, as_member

YEAR = "2026"
CHINA = ZoneInfo("Asia/Shanghai")
AFTER_GRACE = datetime(2027, 1, 31, 9, tzinfo=CHINA)


class Bank(Programme):
    """A programme's bank in which cases happen; people and teams are made as they are named."""

    def __init__(self, database: Database, clock: ManualClock, name: str) -> None:
        super().__init__(database, clock, name)
        self.people: dict[str, str] = {}
        self.teams: dict[str, str] = {}

    def happen(self, case: Case) -> None:
        """Let one row happen on its day."""
        day = datetime.fromisoformat(case.day).replace(hour=0, minute=5, tzinfo=CHINA)
        self.clock.set(max(day, self.clock.now()))
        who = self._who(case.who) if case.who else ""
        if case.what == "expire":
            self.expire()
        elif case.what == "join":
            self.by(ORGANISER, lambda unit: welcome.give(unit, who))
        elif case.what == "spend":
            self._spend(who, *case.gives.split())
        for _ in range(int(case.n) if case.what == "service" else 0):
            said = [reward(case.gives)] if case.gives else []
            paid = {one.asset: one for one in self.rules.rewards_of(case.category or None)}
            given = {**paid, **{one.asset: one for one in said}}
            gives = tuple(given[asset] for asset in sorted(given))
            if case.to:
                self.team_serves(who, int(case.minutes), gives, self._team(case.to, who))
            else:
                self.serve_for(who, int(case.minutes), gives, case.category)

    def _who(self, name: str) -> str:
        if name not in self.people:
            self.people[name] = self.member(name)
        return self.people[name]

    def _team(self, name: str, leader_id: str) -> str:
        if name not in self.teams:
            self.teams[name] = self.by(
                ORGANISER,
                lambda unit: teams.found(
                    unit,
                    name=name,
                    community_id=self.community_id,
                    leader_id=leader_id,
                    key=self.name(),
                ),
            )
        return self.teams[name]

    def _spend(self, who: str, units: str, asset: str) -> None:
        key = self.name()
        try:
            self.by(
                as_member(who),
                lambda unit: payments.pay(
                    unit,
                    member_id=who,
                    destination=SHOP,
                    amount=Amount(int(units), asset),
                    key=key,
                    refers_to=key,
                ),
            )
        except InsufficientPoints:
            return

    def told(self) -> dict[tuple[str, str], int]:
        """What everybody has, by the names of the tables."""
        called = {f"member/{one}": name for name, one in self.people.items()}
        called |= {f"team/{one}": f"team/{name}" for name, one in self.teams.items()}
        return {
            (called.get(address, address), asset): units
            for (address, asset), units in self.everything().items()
        }


@pytest.mark.parametrize("name", TABLES)
def test_a_programme_runs_a_year(database: Database, clock: ManualClock, name: str) -> None:
    """The bank does row by row what the trial on paper said, ranks its year, proves its books."""
    bank = Bank(database, clock, name)
    ranked: list[str] = []
    for case in cases.rows(TABLES[name]):
        if case.day > f"{AFTER_GRACE:%Y-%m-%d}" and not ranked:
            ranked = _closed(bank)
        before = bank.told()
        bank.happen(case)
        after = bank.told()
        changed = {one: after.get(one, 0) - before.get(one, 0) for one in {*before, *after}}
        said = [f"{who} {asset} {by:+}" for (who, asset), by in sorted(changed.items()) if by]
        assert sorted(said) == sorted(filter(None, case.then.split(", "))), case
    assert list(RANKINGS[name]) == (ranked or _closed(bank))
    assert [] == bank.findings()


def _closed(bank: Bank) -> list[str]:
    """Close the year and say who earned how much, and which medal."""
    bank.clock.set(max(AFTER_GRACE, bank.clock.now()))
    named = {member_id: name for name, member_id in bank.people.items()}
    return [
        " ".join(filter(None, (asset, named[who], str(units), tier)))
        for asset, who, units, tier in bank.close(YEAR)
    ]
