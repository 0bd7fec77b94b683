"""Asset rules: what a programme says of one of its assets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from creditbank.core.errors import BadField
from creditbank.core.values import PAYMENT_UNITS_MOST, UNITS_MOST, AssetKind
from creditbank.schemes.bounds import bounded, code, one_of, whole, word

FUND_MOST = 80


class OverCap(StrEnum):
    """Where goes what exceeds a cap: to a fund, to an honour asset, or nowhere."""

    FUND = "fund"
    HONOUR = "honour"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRules:
    """What holds of one asset.

    ``reward_most`` is the most that a task may give per person or hour; ``cap_day``,
    ``cap_month`` and ``storage_cap`` what one may earn a day, a month, and have at all; what
    exceeds them goes where ``over_cap`` says (``over_to``: a fund's name, or an honour asset).
    Without a validity of its own an asset has the scheme's. ``kind`` is the bank's, said again so
    that a file can be checked by itself; unsaid it is taken for spendable there.
    """

    asset: str
    kind: AssetKind | None = None
    validity_months: int | None = whole(None, 1, 1200)
    reward_most: int | None = whole(None, 1, PAYMENT_UNITS_MOST)
    cap_day: int | None = whole(None, 1, UNITS_MOST)
    cap_month: int | None = whole(None, 1, UNITS_MOST)
    storage_cap: int | None = whole(None, 1, UNITS_MOST)
    over_cap: OverCap = OverCap.REFUSED
    over_to: str | None = None
    welcome: int = whole(0, 0, PAYMENT_UNITS_MOST)

    def __post_init__(self) -> None:
        """Refuse what is out of bounds.

        Raises:
            BadField: names the parameter.
        """
        code("asset", self.asset)
        for one in fields(self):
            if "least" in one.metadata:
                optional = one.default is None
                bounded(one.name, getattr(self, one.name), optional=optional, **one.metadata)
        if self.over_to is not None:
            name = word("over_to", self.over_to, FUND_MOST)
            if "/" in name or not name.isprintable():
                raise BadField("over_to", "a fund's name, or an asset / 基金名称或积分代码")

    @property
    def spendable(self) -> bool:
        """Whether it can be spent, as far as the rules say."""
        return self.kind in {None, AssetKind.SPENDABLE}

    @property
    def capped(self) -> bool:
        """Whether anything bounds what one may earn or have."""
        return any(one is not None for one in (self.cap_day, self.cap_month, self.storage_cap))


def read(value: object) -> tuple[AssetRules, ...]:
    """Read the rules of assets as they stand in JSON or TOML.

    Raises:
        BadField: names the one that is unknown or out of bounds.
    """
    if not isinstance(value, list | tuple):
        raise BadField("assets", "a list / 列表")
    return tuple(
        one if isinstance(one, AssetRules) else _rules(f"assets.{n}", one)
        for n, one in enumerate(value)
    )


def _rules(place: str, one: object) -> AssetRules:
    known = {field.name for field in fields(AssetRules)}
    if not isinstance(one, Mapping):
        raise BadField(place, "a table with asset / 须有 asset")
    for name in one:
        if name not in known:
            raise BadField(f"{place}.{name}", f"unknown; of {sorted(known)} / 没有这个参数")
    if "asset" not in one:
        raise BadField(f"{place}.asset", "is missing / 未填写")
    given = dict(one)
    try:
        if "over_cap" in given:
            given["over_cap"] = one_of("over_cap", OverCap, given["over_cap"])
        if given.get("kind") is not None:
            given["kind"] = one_of("kind", AssetKind, given["kind"])
        return AssetRules(**given)
    except BadField as error:
        raise BadField(f"{place}.{error.field}", error.reason) from error
