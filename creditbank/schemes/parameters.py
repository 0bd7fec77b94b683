"""Parameters: all that a programme may decide, with bounds and defaults. Pure.

A second town is configured, not programmed. A parameter that is unknown, out of bounds or
contradicts another one is named in the error. Names of numbers end in their unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from creditbank.core.errors import BadField
from creditbank.core.values import PAYMENT_UNITS_MOST, UNITS_MOST
from creditbank.schemes import medals
from creditbank.schemes.bounds import bounded, one_of
from creditbank.schemes.medals import DEFAULT, Medal
from creditbank.schemes.rewards import Rounding


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


class OverCap(StrEnum):
    """Where goes what exceeds a cap: to a fund, to an honour asset, or nowhere."""

    FUND = "fund"
    HONOUR = "honour"
    REFUSED = "refused"


def _whole(default: int | None, least: int, most: int) -> Any:
    return field(default=default, metadata={"least": least, "most": most})


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRules:
    """What holds of one asset.

    ``reward_most`` is the most that a task may give per person or hour; ``cap_day``,
    ``cap_month`` and ``storage_cap`` what one may earn a day, a month, and have at all; what
    exceeds them goes where ``over_cap`` says (``over_to``: a fund's name, or an honour asset).
    """

    asset: str
    validity_months: int | None = _whole(None, 1, 1200)
    reward_most: int | None = _whole(None, 1, PAYMENT_UNITS_MOST)
    cap_day: int | None = _whole(None, 1, UNITS_MOST)
    cap_month: int | None = _whole(None, 1, UNITS_MOST)
    storage_cap: int | None = _whole(None, 1, UNITS_MOST)
    over_cap: OverCap = OverCap.REFUSED
    over_to: str | None = None
    welcome: int = _whole(0, 0, PAYMENT_UNITS_MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """Every parameter of a programme; the names of numbers end in their unit."""

    # the pay code and the scan
    code_ttl_s: int = _whole(60, 10, 600)
    code_period_s: int = _whole(30, 5, 600)
    live_codes_most: int = _whole(2, 1, 10)
    scan_ttl_s: int = _whole(180, 30, 3600)
    hold_ttl_s: int = _whole(180, 30, 7 * 24 * 3600)
    # wrong codes at one till
    wrong_codes_most: int = _whole(10, 1, 1000)
    wrong_codes_window_s: int = _whole(600, 10, 24 * 3600)
    till_lock_s: int = _whole(1800, 10, 24 * 3600)
    # payments without a PIN
    no_pin_points_most: int = _whole(50, 0, PAYMENT_UNITS_MOST)
    no_pin_payments_day: int = _whole(5, 0, 10_000)
    no_pin_points_day: int = _whole(100, 0, UNITS_MOST)
    # payments without a PIN, shown on a device that is new; by a printed card; by a delegate
    new_device_points_most: int = _whole(20, 0, PAYMENT_UNITS_MOST)
    card_points_day: int = _whole(50, 0, PAYMENT_UNITS_MOST)
    delegate_points_day_most: int = _whole(100, 0, PAYMENT_UNITS_MOST)
    # refunds
    refund_days: int = _whole(30, 0, 366)
    refund_alone_points_most: int = _whole(20, 0, PAYMENT_UNITS_MOST)
    # approvals
    withdraw_approval_days: int = _whole(90, 0, 3660)
    rounding: Rounding = Rounding.WHOLE_HOURS_DOWN
    # personal data shown whole, people a day to one of staff
    reveals_day: int = _whole(50, 0, 10_000)
    # places in tasks: cut-off before the start, waitlist, offers of a freed place
    withdraw_cutoff_minutes: int = _whole(120, 0, 14 * 24 * 60)
    waitlist_most: int = _whole(100, 0, 10_000)
    place_before_minutes: int = _whole(720, 0, 14 * 24 * 60)
    offer_minutes: int = _whole(30, 1, 24 * 60)
    # who did not come so often within so many days waits so many days behind all others
    no_shows_most: int = _whole(3, 1, 1000)
    no_show_window_days: int = _whole(90, 1, 3660)
    no_show_rest_days: int = _whole(30, 0, 366)
    # attendance
    site_code_period_s: int = _whole(30, 5, 600)
    site_code_ttl_s: int = _whole(60, 10, 1200)
    forced_out_after_minutes: int = _whole(30, 0, 24 * 60)
    minutes_day_most: int = _whole(480, 1, 24 * 60)
    backdated_hours_most: int = _whole(72, 0, 366 * 24)
    confirmed_categories: tuple[str, ...] = ()
    # reviews
    review_days: int = _whole(7, 1, 366)
    dispute_days: int = _whole(7, 1, 366)
    second_look_permille: int = _whole(50, 0, 1000)
    # pairs
    visits_month_least: int = _whole(2, 0, 31)
    # ages in full years: below it only beside a guardian or another adult of the household; below
    # it spends only when a guardian confirms; from it on one may spend on oneself
    accompanied_below_age: int = _whole(14, 0, 18)
    spend_confirmed_below_age: int = _whole(14, 0, 18)
    spend_on_oneself_from_age: int = _whole(0, 0, 120)
    # what a member must have earned in a lifetime before redeeming, of the asset redeemed
    redeem_lifetime_least: int = _whole(0, 0, UNITS_MOST)
    # gifts and donations; teams; services between members (units of an asset for each hour)
    gifts: Gifts = Gifts.NONE
    gift_units_day: int = _whole(50, 0, PAYMENT_UNITS_MOST)
    donations: bool = True
    donation_order: DonationOrder = DonationOrder.FIRST_NAMED
    donation_units_most: int = _whole(100, 1, PAYMENT_UNITS_MOST)
    team_earnings: TeamEarnings = TeamEarnings.MEMBERS
    exchange_asset: str | None = None
    exchange_units_hour: int = _whole(1, 1, PAYMENT_UNITS_MOST)
    # what holds of each asset
    assets: tuple[AssetRules, ...] = ()
    # validity, where an asset has none of its own
    validity_months: int | None = _whole(None, 1, 1200)
    expiry_grace_days: int = _whole(14, 0, 366)
    # the year's ranking
    grace_days: int = _whole(15, 0, 366)
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
        if self.no_pin_points_most > self.no_pin_points_day:
            raise BadField("no_pin_points_most", "≤ no_pin_points_day")
        if len(set(self.ranked_assets)) < len(self.ranked_assets):
            raise BadField("ranked_assets", "an asset is named twice / 积分种类重复")
        medals.require_consistent(self.medals)

    def of_asset(self, asset: str) -> AssetRules:
        """Return what holds of an asset; one that is not named has the scheme's validity."""
        for one in self.assets:
            if one.asset == asset:
                return one
        return AssetRules(asset=asset, validity_months=self.validity_months)


def read(parameters: Mapping[str, Any]) -> Scheme:
    """Read parameters as they stand in JSON; those not named keep their defaults.

    Raises:
        BadField: names the parameter that is unknown, out of bounds or contradictory.
    """
    known = {one.name for one in fields(Scheme)}
    for name in parameters:
        if name not in known:
            raise BadField(str(name)[:40], "unknown parameter / 没有这个参数")
    given = dict(parameters)
    for name, words in _WORDS.items():
        if name in given:
            given[name] = one_of(name, words, given[name])
    for name in ("ranked_assets", "confirmed_categories"):
        if name in given:
            given[name] = _codes(name, given[name])
    if "assets" in given:
        given["assets"] = _assets(given["assets"])
    if "medals" in given:
        given["medals"] = medals.read(given["medals"])
    return Scheme(**given)


_WORDS: Mapping[str, type[StrEnum]] = {
    "rounding": Rounding,
    "gifts": Gifts,
    "donation_order": DonationOrder,
    "team_earnings": TeamEarnings,
}


def _codes(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise BadField(name, "a list of codes / 代码列表")
    return tuple(value)


def _assets(value: object) -> tuple[AssetRules, ...]:
    if not isinstance(value, list | tuple):
        raise BadField("assets", "a list / 列表")
    found = []
    for one in value:
        if isinstance(one, AssetRules):
            found.append(one)
            continue
        known = {field.name for field in fields(AssetRules)}
        if not isinstance(one, Mapping) or not one.keys() <= known or "asset" not in one:
            raise BadField("assets", f"each with asset, and of {sorted(known)}")
        given = dict(one)
        if "over_cap" in given:
            given["over_cap"] = one_of("over_cap", OverCap, given["over_cap"])
        found.append(AssetRules(**given))
    return tuple(found)
