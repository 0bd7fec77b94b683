"""Medals: the tiers of a ranking and how each is filled. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from creditbank.core.errors import BadField
from creditbank.core.values import UNITS_MOST
from creditbank.schemes.bounds import bounded, one_of

_WHOLE_SHARE = 100


class Tier(StrEnum):
    """A medal; the better one first."""

    GOLD = "gold"
    SILVER = "silver"
    BRONZE = "bronze"


class By(StrEnum):
    """How a tier is filled: the next so many places, the next so many percent, from so many units.

    A share that is no whole number of places is rounded up.
    """

    COUNT = "count"
    SHARE_PERCENT = "share_percent"
    THRESHOLD = "threshold"


@dataclass(frozen=True, slots=True)
class Medal:
    """One tier of a ranking and how it is filled."""

    tier: Tier
    by: By
    value: int


DEFAULT = (
    Medal(Tier.GOLD, By.COUNT, 3),
    Medal(Tier.SILVER, By.COUNT, 7),
    Medal(Tier.BRONZE, By.COUNT, 10),
)


def require_consistent(medals: tuple[Medal, ...]) -> None:
    """See that medals can be given as they are described.

    Raises:
        BadField: they cannot.
    """
    order = [tier for tier in Tier if tier in {medal.tier for medal in medals}]
    if [medal.tier for medal in medals] != order:
        raise BadField("medals", "gold, silver, bronze in this order, each once / 金银铜各一次")
    for medal in medals:
        most = _WHOLE_SHARE if medal.by is By.SHARE_PERCENT else UNITS_MOST
        bounded("medals", medal.value, least=1, most=most, optional=False)
    shares = [medal.value for medal in medals if medal.by is By.SHARE_PERCENT]
    if sum(shares) > _WHOLE_SHARE:
        raise BadField("medals", "shares above 100 % / 比例合计超过 100%")
    bars = [medal.value for medal in medals if medal.by is By.THRESHOLD]
    if any(worse >= better for better, worse in pairwise(bars)):
        raise BadField("medals", "thresholds must fall from gold to bronze / 门槛须逐级降低")


def read(value: object) -> tuple[Medal, ...]:
    """Read medals as they stand in JSON or TOML.

    Raises:
        BadField: they are no such list.
    """
    if not isinstance(value, list | tuple):
        raise BadField("medals", "a list / 列表")
    found = []
    for one in value:
        if isinstance(one, Medal):
            found.append(one)
            continue
        if not isinstance(one, Mapping) or one.keys() != {"tier", "by", "value"}:
            raise BadField("medals", "each with tier, by, value / 每项须有 tier、by、value")
        tier, by = one_of("medals", Tier, one["tier"]), one_of("medals", By, one["by"])
        found.append(Medal(tier, by, one["value"]))
    return tuple(found)
