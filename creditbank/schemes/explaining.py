"""Explaining: a whole programme in sentences that an organiser can read aloud. Pure.

Every parameter has its sentence, whether the programme names it or keeps the default.
"""

from __future__ import annotations

from collections.abc import Mapping

from creditbank.schemes.asset_rules import AssetRules
from creditbank.schemes.asset_sentences import OF_ASSET
from creditbank.schemes.medals import By, Medal, Tier
from creditbank.schemes.parameters import Scheme
from creditbank.schemes.rates import Rate
from creditbank.schemes.rewards import Per
from creditbank.schemes.sentences import PARAMETERS, UNITS, Pair, Sentence

LANGUAGES = ("zh", "en")

CHAPTERS: tuple[tuple[Pair, tuple[str, ...]], ...] = (
    (
        ("时间怎样变成积分", "How time becomes credits"),
        ("rounding", "remainder", "rates", "minutes_day_most", "team_earnings"),
    ),
    (("各种积分", "The assets"), ("assets", "validity_months", "expiry_grace_days")),
    (
        ("使用", "Spending"),
        ("redeem_lifetime_least", "spend_on_oneself_from_age", "spend_confirmed_below_age"),
    ),
    (
        ("赠送、捐赠与互助", "Gifts, donations and services between members"),
        (
            *("gifts", "gift_units_day", "donations", "donation_order", "donation_units_most"),
            *("exchange_asset", "exchange_units_hour"),
        ),
    ),
    (
        ("参加服务", "Taking part"),
        (
            *("accompanied_below_age", "withdraw_cutoff_minutes", "waitlist_most"),
            *("place_before_minutes", "offer_minutes", "no_shows_most", "no_show_window_days"),
            *("no_show_rest_days", "visits_month_least"),
        ),
    ),
    (
        ("签到与审核", "Attendance and review"),
        (
            *("site_code_period_s", "site_code_ttl_s", "self_sign_in", "forced_out_after_minutes"),
            *("backdated_hours_most", "confirmed_categories", "review_days", "dispute_days"),
            *("second_look_permille", "withdraw_approval_days", "reveals_day"),
        ),
    ),
    (
        ("收银台", "At the till"),
        (
            *("code_ttl_s", "code_period_s", "live_codes_most", "scan_ttl_s", "hold_ttl_s"),
            *("wrong_codes_most", "wrong_codes_window_s", "till_lock_s", "no_pin_points_most"),
            *("no_pin_payments_day", "no_pin_points_day", "new_device_points_most"),
            *("card_points_day", "delegate_points_day_most", "refund_days"),
            "refund_alone_points_most",
        ),
    ),
    (("年终", "The year's end"), ("grace_days", "ranked_assets", "medals")),
)

_TIERS: Mapping[Tier, Pair] = {
    Tier.GOLD: ("金奖", "gold"),
    Tier.SILVER: ("银奖", "silver"),
    Tier.BRONZE: ("铜奖", "bronze"),
}
_BY: Mapping[By, Pair] = {
    By.COUNT: ("{n} 名", "{n} places"),
    By.SHARE_PERCENT: ("{n}%", "{n} %"),
    By.THRESHOLD: ("满 {n} 积分", "from {n} units"),
}
_PER: Mapping[Per, Pair] = {
    Per.HOUR: ("{who}：每小时 {n} {asset}。", "{who}: {n} {asset} an hour."),
    Per.PERSON: ("{who}：每人每次 {n} {asset}。", "{who}: {n} {asset} for each person."),
}
_OTHERS: Pair = ("其他服务", "All other services")
_NO_RATES: Pair = (
    "每项任务给多少由组织者在规则之内写明。",
    "What a service gives is written on each task, within these rules.",
)
_NO_ASSETS: Pair = ("各种积分都没有另行规定。", "No asset has rules of its own.")


def explained(
    scheme: Scheme, names: Mapping[str, str], language: str = "zh"
) -> list[tuple[str, list[str]]]:
    """Return a programme as chapters of sentences; ``names`` call assets and categories."""
    spoken = LANGUAGES.index(language)
    return [
        (
            heading[spoken],
            [one for name in chapter for one in _sentences(scheme, name, names, spoken)],
        )
        for heading, chapter in CHAPTERS
    ]


def _sentences(scheme: Scheme, name: str, names: Mapping[str, str], spoken: int) -> list[str]:
    if name == "assets":
        return [_asset(one, names, spoken) for one in scheme.assets] or [_NO_ASSETS[spoken]]
    if name == "rates":
        return [_rate(one, names, spoken) for one in scheme.rates] or [_NO_RATES[spoken]]
    return [_parameter(scheme, name, names, spoken)]


def _parameter(scheme: Scheme, name: str, names: Mapping[str, str], spoken: int) -> str:
    value, sentence = getattr(scheme, name), PARAMETERS[name]
    if name == "medals" and value:
        return _put(sentence, _medals(value, spoken), spoken)
    if value and isinstance(value, tuple):
        return _put(sentence, _list([names.get(one, one) for one in value]), spoken)
    if name == "exchange_asset" and value is not None:
        return _put(sentence, names.get(value, value), spoken)
    if name == "exchange_units_hour":
        unit = scheme.exchange_asset or UNITS[spoken]
        return _put(sentence, f"{value} {names.get(unit, unit)}", spoken)
    return sentence.about(value, spoken)


def _put(sentence: Sentence, text: str, spoken: int) -> str:
    return sentence.said[spoken].format(n=text)


def _list(several: list[str]) -> str:
    return "、".join(several)


def _asset(rules: AssetRules, names: Mapping[str, str], spoken: int) -> str:
    """Say what holds of one asset, in one paragraph."""
    called = names.get(rules.asset, rules.asset)
    said = []
    for name, sentence in OF_ASSET.items():
        value = getattr(rules, name)
        if name in {"over_cap", "over_to"} and not rules.capped:
            continue
        if name == "over_to" and value is None:
            continue
        if sentence.unit is UNITS and value:
            said.append(_put(sentence, f"{value} {called}", spoken))
        else:
            about = names.get(value, value) if name == "over_to" else value
            said.append(sentence.about(about, spoken))
    return f"{called}：{''.join(said)}" if spoken == 0 else f"{called}: {' '.join(said)}"


def _rate(one: Rate, names: Mapping[str, str], spoken: int) -> str:
    who = _OTHERS[spoken] if one.category is None else names.get(one.category, one.category)
    asset = names.get(one.asset, one.asset)
    return _PER[one.per][spoken].format(who=who, n=one.units, asset=asset)


def _medals(medals: tuple[Medal, ...], spoken: int) -> str:
    return _list(
        [f"{_TIERS[one.tier][spoken]} {_BY[one.by][spoken].format(n=one.value)}" for one in medals]
    )
