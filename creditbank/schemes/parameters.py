"""Parameters: all that a programme may decide, with bounds and defaults. Pure.

A second town is configured, not programmed. A parameter that is unknown, out of bounds or
contradicts another one is named in the error. Names of numbers end in their unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from creditbank.core.errors import BadField
from creditbank.core.values import PAYMENT_UNITS_MOST, UNITS_MOST
from creditbank.schemes import asset_rules, medals, rates
from creditbank.schemes.asset_rules import AssetRules
from creditbank.schemes.bounds import bounded, code, one_of, whole
from creditbank.schemes.medals import DEFAULT, Medal
from creditbank.schemes.rates import Rate
from creditbank.schemes.rewards import Remainder, Reward, Rounding


class Gifts(StrEnum):
    """To whom members may give what they have."""

    NONE = "none"
    RELATIVES = "relatives"


class DonationOrder(StrEnum):
    """In which order people in need receive what was donated."""

    FIRST_NAMED = "first_named"
    OLDEST = "oldest"
    LEAST_RECEIVED = "least_received"


class TeamEarnings(StrEnum):
    """Whose is what people earn in a team's claim: theirs, or the team's, to be donated."""

    MEMBERS = "members"
    TEAM = "team"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """Every parameter of a programme; the names of numbers end in their unit."""

    # the pay code and the scan
    code_ttl_s: int = whole(60, 10, 600)
    code_period_s: int = whole(30, 5, 600)
    live_codes_most: int = whole(2, 1, 10)
    scan_ttl_s: int = whole(180, 30, 3600)
    hold_ttl_s: int = whole(180, 30, 7 * 24 * 3600)
    # wrong codes at one till
    wrong_codes_most: int = whole(10, 1, 1000)
    wrong_codes_window_s: int = whole(600, 10, 24 * 3600)
    till_lock_s: int = whole(1800, 10, 24 * 3600)
    # payments without a PIN
    no_pin_points_most: int = whole(50, 0, PAYMENT_UNITS_MOST)
    no_pin_payments_day: int = whole(5, 0, 10_000)
    no_pin_points_day: int = whole(100, 0, UNITS_MOST)
    # payments without a PIN, shown on a device that is new; by a printed card; by a delegate
    new_device_points_most: int = whole(20, 0, PAYMENT_UNITS_MOST)
    card_points_day: int = whole(50, 0, PAYMENT_UNITS_MOST)
    delegate_points_day_most: int = whole(100, 0, PAYMENT_UNITS_MOST)
    # refunds
    refund_days: int = whole(30, 0, 366)
    refund_alone_points_most: int = whole(20, 0, PAYMENT_UNITS_MOST)
    # approvals
    withdraw_approval_days: int = whole(90, 0, 3660)
    # time to credits; what the programme itself pays, where it does not leave it to organisers
    rounding: Rounding = Rounding.WHOLE_HOURS_DOWN
    remainder: Remainder = Remainder.DROP
    rates: tuple[Rate, ...] = ()
    # personal data shown whole, people a day to one of staff
    reveals_day: int = whole(50, 0, 10_000)
    # places in tasks: cut-off before the start, waitlist, offers of a freed place
    withdraw_cutoff_minutes: int = whole(120, 0, 14 * 24 * 60)
    waitlist_most: int = whole(100, 0, 10_000)
    place_before_minutes: int = whole(720, 0, 14 * 24 * 60)
    offer_minutes: int = whole(30, 1, 24 * 60)
    # who did not come so often within so many days waits so many days behind all others
    no_shows_most: int = whole(3, 1, 1000)
    no_show_window_days: int = whole(90, 1, 3660)
    no_show_rest_days: int = whole(30, 0, 366)
    # attendance; `self_sign_in`: members note their own coming without the site's code, too
    self_sign_in: bool = True
    site_code_period_s: int = whole(30, 5, 600)
    site_code_ttl_s: int = whole(60, 10, 1200)
    forced_out_after_minutes: int = whole(30, 0, 24 * 60)
    minutes_day_most: int = whole(480, 1, 24 * 60)
    backdated_hours_most: int = whole(72, 0, 366 * 24)
    confirmed_categories: tuple[str, ...] = ()
    # reviews
    review_days: int = whole(7, 1, 366)
    dispute_days: int = whole(7, 1, 366)
    second_look_permille: int = whole(50, 0, 1000)
    # pairs
    visits_month_least: int = whole(2, 0, 31)
    # ages in full years: below it only beside a guardian or another adult of the household; below
    # it spends only when a guardian confirms; from it on one may spend on oneself
    accompanied_below_age: int = whole(14, 0, 18)
    spend_confirmed_below_age: int = whole(14, 0, 18)
    spend_on_oneself_from_age: int = whole(0, 0, 120)
    # what a member must have earned in a lifetime before redeeming, of the asset redeemed
    redeem_lifetime_least: int = whole(0, 0, UNITS_MOST)
    # gifts and donations; teams; services between members (units of an asset for each hour)
    gifts: Gifts = Gifts.NONE
    gift_units_day: int = whole(50, 0, PAYMENT_UNITS_MOST)
    donations: bool = True
    donation_order: DonationOrder = DonationOrder.FIRST_NAMED
    donation_units_most: int = whole(100, 1, PAYMENT_UNITS_MOST)
    team_earnings: TeamEarnings = TeamEarnings.MEMBERS
    exchange_asset: str | None = None
    exchange_units_hour: int = whole(1, 1, PAYMENT_UNITS_MOST)
    # what holds of each asset
    assets: tuple[AssetRules, ...] = ()
    # validity, where an asset has none of its own
    validity_months: int | None = whole(None, 1, 1200)
    expiry_grace_days: int = whole(14, 0, 366)
    # the year's ranking
    grace_days: int = whole(15, 0, 366)
    ranked_assets: tuple[str, ...] = ()
    medals: tuple[Medal, ...] = DEFAULT

    def __post_init__(self) -> None:
        """Refuse what is out of bounds or contradictory.

        Raises:
            BadField: names the parameter.
        """
        for one in fields(self):
            if "least" in one.metadata:
                optional = one.default is None
                bounded(one.name, getattr(self, one.name), optional=optional, **one.metadata)
        if self.code_period_s > self.code_ttl_s:
            raise BadField("code_period_s", "≤ code_ttl_s")
        if self.site_code_period_s > self.site_code_ttl_s:
            raise BadField("site_code_period_s", "≤ site_code_ttl_s")
        if self.no_pin_points_most > self.no_pin_points_day:
            raise BadField("no_pin_points_most", "≤ no_pin_points_day")
        if len(set(self.ranked_assets)) < len(self.ranked_assets):
            raise BadField("ranked_assets", "an asset is named twice / 积分种类重复")
        if self.exchange_asset is not None:
            code("exchange_asset", self.exchange_asset)
        for name in ("donations", "self_sign_in"):
            if type(getattr(self, name)) is not bool:
                raise BadField(name, "true | false")
        medals.require_consistent(self.medals)

    def of_asset(self, asset: str) -> AssetRules:
        """Return what holds of an asset; the scheme's validity where it has none of its own."""
        for one in self.assets:
            if one.asset == asset:
                found = one
                break
        else:
            found = AssetRules(asset=asset)
        if found.validity_months is None and self.validity_months is not None:
            return replace(found, validity_months=self.validity_months)
        return found

    def rewards_of(self, category: str | None) -> tuple[Reward, ...]:
        """Return what the programme itself pays for a service of a category; often nothing."""
        return rates.rewards_of(self.rates, category)


def read(parameters: Mapping[str, Any]) -> Scheme:
    """Read parameters as they stand in JSON; those not named keep their defaults.

    Raises:
        BadField: names the parameter that is unknown, out of bounds or contradictory.
    """
    known = {one.name for one in fields(Scheme)}
    for name in parameters:
        if name not in known:
            raise BadField(str(name)[:40], f"unknown parameter{_like(name)} / 没有这个参数")
    given = dict(parameters)
    for name, words in _WORDS.items():
        if name in given:
            given[name] = one_of(name, words, given[name])
    for name in ("ranked_assets", "confirmed_categories"):
        if name in given:
            given[name] = _codes(name, given[name])
    if "assets" in given:
        given["assets"] = asset_rules.read(given["assets"])
    if "rates" in given:
        given["rates"] = rates.read(given["rates"])
    if "medals" in given:
        given["medals"] = medals.read(given["medals"])
    return Scheme(**given)


def _like(name: str) -> str:
    near = get_close_matches(name, [one.name for one in fields(Scheme)], n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


_WORDS: Mapping[str, type[StrEnum]] = {
    "rounding": Rounding,
    "remainder": Remainder,
    "gifts": Gifts,
    "donation_order": DonationOrder,
    "team_earnings": TeamEarnings,
}


def _codes(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise BadField(name, "a list of codes / 代码列表")
    return tuple(value)
