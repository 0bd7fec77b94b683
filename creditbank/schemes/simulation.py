"""Simulation: what a programme's rules would have made of a journal. Pure; no books, no bank.

It counts by the functions that credit services and part by caps, so that a trial and a bank agree.
Of every asset, what came in is what went out and what is left.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from creditbank.schemes import caps, rewards
from creditbank.schemes.asset_rules import AssetRules, OverCap
from creditbank.schemes.caps import Used
from creditbank.schemes.journals import Event, What
from creditbank.schemes.parameters import Gifts, Scheme, TeamEarnings
from creditbank.schemes.rewards import Counted, Per, Remainder, Reward

INS = ("issued", "welcome", "received", "overflow")
OUTS = ("spent", "given", "donated", "expired")
FIGURES = (*INS, *OUTS, "capped", "refused", "left")
"""``capped`` is what a cap kept from the member, wherever it went; ``refused`` what was asked of
the member's balance and not allowed; ``overflow`` came in from another asset's cap as honour."""

_Place = tuple[str, str]


@dataclass(slots=True)
class Account:
    """One member's (or team's, or fund's) units of one asset, by their last day."""

    lots: Counter[date | None] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    carried: int = 0

    @property
    def left(self) -> int:
        """What is there."""
        return self.lots.total()

    def take_in(self, units: int, until: date | None, how: str) -> None:
        """Bring units in that are valid until a day."""
        self.lots[until] += units
        self.figures[how] += units

    def take_out(self, units: int, how: str) -> date | None:
        """Take units out, those that expire first before others, and return the first's day."""
        self.figures[how] += units
        first: date | None = None
        for n, day in enumerate(sorted(self.lots, key=lambda day: (day is None, day))):
            first = day if n == 0 else first
            used = min(units, self.lots[day])
            self.lots[day] -= used
            units -= used
        self.lots = +self.lots
        return first

    def expire(self, today: date) -> None:
        """Drop what was valid until before today."""
        for day in [day for day in self.lots if day is not None and day < today]:
            self.figures["expired"] += self.lots.pop(day)


class Simulation:
    """A journal in the making: the accounts of everybody under one scheme."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self.accounts: dict[_Place, Account] = defaultdict(Account)
        self._minutes: Counter[tuple[str, date]] = Counter()
        self._earned: Counter[tuple[str, str, str]] = Counter()
        self._given: Counter[tuple[str, str, date]] = Counter()
        self._joined: set[str] = set()

    def run(self, several: Iterable[Event], until: date | None = None) -> None:
        """Let events happen in order; at the end whatever is past its day expires."""
        last = date.min
        for one in several:
            last = max(last, one.day)
            self._happen(one)
        for account in self.accounts.values():
            account.expire(max(last, until or last))

    def _happen(self, one: Event) -> None:
        match one.what:
            case What.JOIN:
                self._join(one)
            case What.SERVICE:
                self._serve(one)
            case What.SPEND:
                self._leave(one, "spent", allowed=self._may_spend(one))
            case What.GIFT:
                self._give(one)
            case What.DONATE:
                if self._leave(one, "donated", allowed=self.scheme.donations) is not _NOT:
                    fund = self._of(f"fund/{one.to}", one.asset, one.day)
                    fund.take_in(one.units, None, "received")

    def _of(self, who: str, asset: str, today: date) -> Account:
        account = self.accounts[who, asset]
        account.expire(today)
        return account

    def _until(self, asset: str, day: date) -> date | None:
        return rewards.expires_on(day, self.scheme.of_asset(asset).validity_months)

    def _join(self, one: Event) -> None:
        if one.member in self._joined:
            return
        self._joined.add(one.member)
        for rules in self.scheme.assets:
            if rules.welcome:
                account = self._of(one.member, rules.asset, one.day)
                account.take_in(rules.welcome, self._until(rules.asset, one.day), "welcome")

    def _serve(self, one: Event) -> None:
        place = (one.member, one.day)
        minutes = max(0, min(one.minutes, self.scheme.minutes_day_most - self._minutes[place]))
        self._minutes[place] += minutes
        for reward in one.rewards:
            self._earn(one, reward, minutes)

    def _earn(self, one: Event, reward: Reward, minutes: int) -> None:
        asset, rules = reward.asset, self.scheme.of_asset(reward.asset)
        own = self._of(one.member, asset, one.day)
        carries = self.scheme.remainder is Remainder.CARRY and reward.per is Per.HOUR
        carried = own.carried if carries else None
        done = Counted(0, own.carried)
        if minutes:
            done = rewards.counted(reward, minutes, self.scheme.rounding, carried)
        if carries:
            own.carried = done.left
        day, month = (one.member, asset, f"{one.day}"), (one.member, asset, f"{one.day:%Y-%m}")
        for_team = (
            bool(one.to) and rules.spendable and self.scheme.team_earnings is TeamEarnings.TEAM
        )
        stored = 0 if for_team else own.left
        used = Used(self._earned[day], self._earned[month], stored)
        part = caps.share(done.units, rules, used)
        self._earned[day] += part.kept
        self._earned[month] += part.kept
        if for_team:
            team = self._of(f"team/{one.to}", asset, one.day)
            team.take_in(part.kept, None, "issued")
        else:
            own.take_in(part.kept, self._until(asset, one.day), "issued")
        self._overflow(one, rules, part.over)

    def _overflow(self, one: Event, rules: AssetRules, over: int) -> None:
        if not over:
            return
        self.accounts[one.member, rules.asset].figures["capped"] += over
        if rules.over_to is None:
            return
        if rules.over_cap is OverCap.FUND:
            fund = self._of(f"fund/{rules.over_to}", rules.asset, one.day)
            fund.take_in(over, None, "issued")
        elif rules.over_cap is OverCap.HONOUR:
            honour = self._of(one.member, rules.over_to, one.day)
            honour.take_in(over, self._until(rules.over_to, one.day), "overflow")

    def _may_spend(self, one: Event) -> bool:
        figures = self._of(one.member, one.asset, one.day).figures
        return figures["issued"] >= self.scheme.redeem_lifetime_least

    def _give(self, one: Event) -> None:
        place = (one.member, one.asset, one.day)
        fits = self._given[place] + one.units <= self.scheme.gift_units_day
        until = self._leave(one, "given", allowed=self.scheme.gifts is not Gifts.NONE and fits)
        if until is not _NOT:
            self._given[place] += one.units
            receiver = self._of(one.to, one.asset, one.day)
            receiver.take_in(one.units, None if until == date.max else until, "received")

    def _leave(self, one: Event, how: str, *, allowed: bool) -> date:
        """Take units from a member, and return the earliest day of them; `_NOT` if refused."""
        account = self._of(one.member, one.asset, one.day)
        spendable = self.scheme.of_asset(one.asset).spendable
        if not (allowed and spendable and one.units <= account.left):
            account.figures["refused"] += one.units
            return _NOT
        return account.take_out(one.units, how) or date.max

    def figures(self) -> dict[_Place, dict[str, int]]:
        """Return the figures of every account that ever moved, by who and asset."""
        return {
            place: {name: account.figures[name] for name in FIGURES} | {"left": account.left}
            for place, account in sorted(self.accounts.items())
            if account.figures.total()
        }

    def totals(self) -> dict[str, dict[str, int]]:
        """Return the figures of every asset over all accounts."""
        totals: dict[str, Counter[str]] = defaultdict(Counter)
        for (_, asset), figures in self.figures().items():
            totals[asset].update(figures)
        return {asset: {name: sums[name] for name in FIGURES} for asset, sums in totals.items()}


_NOT = date.min
