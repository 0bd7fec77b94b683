"""Contradictions: what cannot hold together in a scheme, or would issue without limit. Pure.

What was adopted before a rule came here can still be read: these are looked at when a scheme is
checked or adopted, never when it is in force. ``named`` are the parameters that were written down:
two defaults, or a default and a parameter that makes it void, contradict nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from creditbank.core.errors import BadField
from creditbank.core.values import AssetKind
from creditbank.schemes.asset_rules import AssetRules, OverCap
from creditbank.schemes.parameters import Gifts, Scheme, TeamEarnings
from creditbank.schemes.rewards import CAN_CARRY, Remainder


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What does not fit, as ``assets.0.cap_day``; and what to do, in both languages' words."""

    field: str
    reason: str

    def refusal(self) -> BadField:
        """Return it as an error."""
        return BadField(self.field, self.reason)


_Found = Iterator[Contradiction]


def find(scheme: Scheme, named: Collection[str]) -> list[Contradiction]:
    """Return what cannot hold together, in the order of the rules below."""
    return [one for rule in _RULES for one in rule(scheme, named)]


def unlimited(scheme: Scheme) -> list[Contradiction]:
    """Return the spendable assets among those named that could be issued without limit.

    Bounded is what tasks may give (``reward_most``, or a rate of the scheme for all categories),
    or what one may earn a day or a month. A storage cap bounds it too where nothing goes on to a
    fund: what a fund takes in has no end.
    """
    found = []
    for n, one in enumerate(scheme.assets):
        rated = any(rate.asset == one.asset and rate.category is None for rate in scheme.rates)
        capped = one.cap_day is not None or one.cap_month is not None
        stored = one.storage_cap is not None and one.over_cap is not OverCap.FUND
        if one.spendable and not (rated or capped or stored or one.reward_most is not None):
            detail = "would be issued without limit: add reward_most, a cap or a rate"
            place = f"assets.{n}.asset"
            found.append(
                Contradiction(place, f"{detail} / 发放没有上限，请写明 reward_most、限额或标准")
            )
    spoken = {one.asset for one in scheme.assets} | {one.asset for one in scheme.rates}
    asset = scheme.exchange_asset
    if asset is not None and asset not in spoken:
        detail = "no rules under [[assets]], so without limit"
        found.append(Contradiction("exchange_asset", f"'{asset}': {detail} / 缺少该积分的规则"))
    return found


def silent(scheme: Scheme) -> list[Contradiction]:
    """Return what is missing in a file that is to stand for itself: rules of any asset at all."""
    if scheme.assets or scheme.rates:
        return []
    detail = "no asset has rules, so issuing has no limit: add [[assets]]"
    return [Contradiction("assets", f"{detail} / 没有积分规则，发放没有上限")]


def _assets_once(scheme: Scheme, _: Collection[str]) -> _Found:
    seen: set[str] = set()
    for n, one in enumerate(scheme.assets):
        if one.asset in seen:
            yield Contradiction(f"assets.{n}.asset", "named twice; keep one / 重复，请只留一处")
        seen.add(one.asset)
    rates: set[tuple[str, str | None]] = set()
    for n, rate in enumerate(scheme.rates):
        if (rate.asset, rate.category) in rates:
            yield Contradiction(f"rates.{n}.asset", "a second rate of one category / 同类别重复")
        rates.add((rate.asset, rate.category))


def _caps(scheme: Scheme, _: Collection[str]) -> _Found:
    for n, one in enumerate(scheme.assets):
        place = f"assets.{n}"
        if one.cap_day is not None and one.cap_month is not None and one.cap_day > one.cap_month:
            yield Contradiction(f"{place}.cap_day", "above cap_month; lower it / 高于每月上限")
        if one.storage_cap is not None and one.welcome > one.storage_cap:
            yield Contradiction(f"{place}.welcome", "above storage_cap; lower it / 高于可存上限")
        if one.kind is AssetKind.MONEY:
            yield Contradiction(f"{place}.kind", "money is nobody's points / 货币不能作积分")


def _over(scheme: Scheme, _: Collection[str]) -> _Found:
    for n, one in enumerate(scheme.assets):
        place = f"assets.{n}"
        refused = one.over_cap is OverCap.REFUSED
        if refused and one.over_to is not None:
            yield Contradiction(f"{place}.over_to", "say over_cap = fund or honour / 与拒收矛盾")
        if refused:
            continue
        if one.over_to is None:
            yield Contradiction(f"{place}.over_cap", "say over_to: where it goes / 未写明去向")
        if not one.capped:
            yield Contradiction(f"{place}.over_cap", "there is no cap to exceed / 没有设上限")
        if one.over_cap is OverCap.FUND and not one.spendable:
            yield Contradiction(f"{place}.over_cap", "honour is not donated / 荣誉积分不能捐")
        if one.over_cap is OverCap.HONOUR and one.over_to is not None:
            yield from _over_to_honour(scheme, f"{place}.over_to", one)


def _over_to_honour(scheme: Scheme, place: str, one: AssetRules) -> _Found:
    assert one.over_to is not None, "only asked where it is named"
    target = next((other for other in scheme.assets if other.asset == one.over_to), None)
    if target is None or one.over_to == one.asset:
        yield Contradiction(place, "another asset of [[assets]] / 须是另一种已列出的积分")
    elif target.kind is not AssetKind.HONOUR:
        yield Contradiction(place, f"'{target.asset}' is not kind = honour / 不是荣誉积分")
    elif target.capped:
        yield Contradiction(place, f"'{target.asset}' has caps itself / 该积分自身有上限")


def _counting(scheme: Scheme, _: Collection[str]) -> _Found:
    if scheme.remainder is Remainder.CARRY and scheme.rounding not in CAN_CARRY:
        words = " | ".join(sorted(CAN_CARRY))
        yield Contradiction("remainder", f"carry only with {words} / 该取整方式没有余数可结转")
    for n, rate in enumerate(scheme.rates):
        most = scheme.of_asset(rate.asset).reward_most
        if most is not None and rate.units > most:
            yield Contradiction(f"rates.{n}.units", "above reward_most / 高于单次奖励上限")


def _ages(scheme: Scheme, named: Collection[str]) -> _Found:
    confirmed, own = scheme.spend_confirmed_below_age, scheme.spend_on_oneself_from_age
    both = {"spend_confirmed_below_age", "spend_on_oneself_from_age"} <= set(named)
    if both and 0 < confirmed <= own:
        detail = "nobody that young may spend at all; leave one out"
        yield Contradiction("spend_confirmed_below_age", f"{detail} / 与起用年龄矛盾")


def _giving(scheme: Scheme, named: Collection[str]) -> _Found:
    spendable = any(one.spendable for one in scheme.assets) or not scheme.assets
    if scheme.gifts is not Gifts.NONE and not scheme.gift_units_day:
        yield Contradiction("gift_units_day", "0 a day, but gifts are allowed / 赠送额度为 0")
    if scheme.gifts is not Gifts.NONE and not spendable:
        yield Contradiction("gifts", "no spendable asset to give / 没有可赠送的积分")
    if scheme.gifts is Gifts.NONE and "gift_units_day" in named and scheme.gift_units_day:
        yield Contradiction(
            "gift_units_day", "gifts = none; say relatives, or leave it / 未开放赠送"
        )
    to_fund = any(one.over_cap is OverCap.FUND for one in scheme.assets)
    if not scheme.donations and to_fund:
        yield Contradiction("donations", "false, but caps fill a fund / 溢出进基金却不开放捐赠")
    if not scheme.donations and scheme.team_earnings is TeamEarnings.TEAM:
        yield Contradiction("donations", "false, so a team's points have no use / 团队积分无处可用")
    if not scheme.donations:
        for name in ("donation_order", "donation_units_most"):
            if name in named:
                yield Contradiction(name, "donations = false / 未开放捐赠")


def _exchange(scheme: Scheme, named: Collection[str]) -> _Found:
    if scheme.exchange_asset is None:
        if "exchange_units_hour" in named:
            yield Contradiction("exchange_units_hour", "say exchange_asset too / 未写明互助积分")
    elif not scheme.of_asset(scheme.exchange_asset).spendable:
        yield Contradiction("exchange_asset", "is honour; a service costs points / 荣誉积分不能付")


def of_bank(scheme: Scheme, kinds: Mapping[str, AssetKind]) -> list[Contradiction]:
    """Return what does not fit the assets that a bank really has."""
    found: list[Contradiction] = []
    missing = "the bank has no such asset / 本社没有这种积分"
    for n, one in enumerate(scheme.assets):
        kind = kinds.get(one.asset)
        if kind is None:
            found.append(Contradiction(f"assets.{n}.asset", missing))
            continue
        if one.kind not in {None, kind}:
            found.append(Contradiction(f"assets.{n}.kind", f"the bank's is {kind} / 与本社不符"))
        if one.over_cap is OverCap.HONOUR and kinds.get(one.over_to or "") is not AssetKind.HONOUR:
            found.append(Contradiction(f"assets.{n}.over_to", "no honour asset / 不是荣誉积分"))
        if one.over_cap is OverCap.FUND and kind is not AssetKind.SPENDABLE:
            found.append(Contradiction(f"assets.{n}.over_cap", "honour is not donated / 不能捐"))
    for n, rate in enumerate(scheme.rates):
        if kinds.get(rate.asset, AssetKind.MONEY) is AssetKind.MONEY:
            found.append(Contradiction(f"rates.{n}.asset", missing))
    exchange = scheme.exchange_asset
    if exchange is not None and kinds.get(exchange) is not AssetKind.SPENDABLE:
        found.append(Contradiction("exchange_asset", "no spendable asset / 不是可用积分"))
    return found


_RULES: tuple[Callable[[Scheme, Collection[str]], _Found], ...] = (
    _assets_once,
    _caps,
    _over,
    _counting,
    _ages,
    _giving,
    _exchange,
)
