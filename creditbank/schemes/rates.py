"""Rates: what a programme itself pays for a service, by category. Pure.

Organisers promise no other; an asset without a rate is left to them, up to its ``reward_most``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from creditbank.core.errors import BadField
from creditbank.core.values import PAYMENT_UNITS_MOST
from creditbank.schemes.bounds import bounded, code, one_of, word
from creditbank.schemes.rewards import Per, Reward

CATEGORY_MOST = 40
_KEYS = {"asset", "units", "per", "category"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many units of an asset per hour or per person, for one category or for all others."""

    asset: str
    units: int
    per: Per
    category: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no rate.

        Raises:
            BadField: names what is unusable.
        """
        code("asset", self.asset)
        bounded("units", self.units, least=1, most=PAYMENT_UNITS_MOST, optional=False)
        if self.category is not None:
            word("category", self.category, CATEGORY_MOST)

    @property
    def reward(self) -> Reward:
        """The reward that a task of this rate gives."""
        return Reward(self.asset, self.units, self.per)


def rewards_of(rates: Iterable[Rate], category: str | None) -> tuple[Reward, ...]:
    """Return what a service of a category is paid: its own rate before that of all others."""
    found: dict[str, Reward] = {}
    for one in sorted(rates, key=lambda one: one.category is None):
        if one.category in {category, None}:
            found.setdefault(one.asset, one.reward)
    return tuple(found[asset] for asset in sorted(found))


def require_paid(rates: Iterable[Rate], category: str, rewards: Iterable[Reward]) -> None:
    """See that rewards of a task are those that the programme pays where it says what it pays.

    Raises:
        BadField: one is not.
    """
    fixed = {one.asset: one for one in rewards_of(rates, category)}
    for one in rewards:
        paid = fixed.get(one.asset)
        if paid is not None and paid != one:
            detail = f"'{one.asset}': {paid.units} per {paid.per}"
            raise BadField("rewards", f"{detail}, as the scheme says / 须按规则方案")


def read(value: object) -> tuple[Rate, ...]:
    """Read rates as they stand in JSON or TOML.

    Raises:
        BadField: they are no such list.
    """
    if not isinstance(value, list | tuple):
        raise BadField("rates", "a list / 列表")
    return tuple(
        one if isinstance(one, Rate) else _rate(f"rates.{n}", one) for n, one in enumerate(value)
    )


def _rate(place: str, one: object) -> Rate:
    if not isinstance(one, Mapping):
        raise BadField(place, "a table with asset, units, per / 须有 asset、units、per")
    for name in one:
        if name not in _KEYS:
            raise BadField(f"{place}.{name}", f"unknown; of {sorted(_KEYS)} / 没有这一项")
    for name in ("asset", "units", "per"):
        if name not in one:
            raise BadField(f"{place}.{name}", "is missing / 未填写")
    try:
        return Rate(**dict(one) | {"per": one_of("per", Per, one["per"])})
    except BadField as error:
        raise BadField(f"{place}.{error.field}", error.reason) from error
