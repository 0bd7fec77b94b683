"""Scheme: the parameters of a programme, kept by version with the day from which they hold.

A second town is configured, not programmed: everything that a programme may decide is here, with
its bounds and default. A parameter that is unknown, out of bounds or contradicts another one is
named in the error. What was adopted is never changed; a later version takes its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

from sqlalchemy import JSON, Column, UniqueConstraint, func, insert, select
from sqlmodel import Field

from creditbank.core import counters, tags
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, table, to_bank
from creditbank.core.units import Unit, View
from creditbank.core.values import PAYMENT_UNITS_MOST, UNITS_MOST
from creditbank.ledger import accounts
from creditbank.people import trail
from creditbank.schemes.rewards import Rounding

Choice = TypeVar("Choice", bound=StrEnum)

_VERSIONS = counters.for_ever("scheme-version")
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


_MEDALS = (
    Medal(Tier.GOLD, By.COUNT, 3),
    Medal(Tier.SILVER, By.COUNT, 7),
    Medal(Tier.BRONZE, By.COUNT, 10),
)


def _whole(default: int | None, least: int, most: int) -> Any:
    return field(default=default, metadata={"least": least, "most": most})


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
    # validity
    validity_months: int | None = _whole(None, 1, 1200)
    expiry_grace_days: int = _whole(14, 0, 366)
    # the year's ranking
    grace_days: int = _whole(15, 0, 366)
    ranked_assets: tuple[str, ...] = ()
    medals: tuple[Medal, ...] = _MEDALS

    def __post_init__(self) -> None:
        """Refuse what is out of bounds or contradictory.

        Raises:
            BadField: names the parameter.
        """
        for one in fields(self):
            if "least" in one.metadata:
                optional = one.default is None
                _bounded(one.name, getattr(self, one.name), optional=optional, **one.metadata)
        if self.code_period_s > self.code_ttl_s:
            raise BadField("code_period_s", "≤ code_ttl_s")
        if self.no_pin_points_most > self.no_pin_points_day:
            raise BadField("no_pin_points_most", "≤ no_pin_points_day")
        if len(set(self.ranked_assets)) < len(self.ranked_assets):
            raise BadField("ranked_assets", "an asset is named twice / 积分种类重复")
        _consistent(self.medals)


def _bounded(name: str, value: object, *, least: int, most: int, optional: bool) -> None:
    if optional and value is None:
        return
    if type(value) is not int or not least <= value <= most:
        raise BadField(name, f"{least}–{most}")


def _consistent(medals: tuple[Medal, ...]) -> None:
    order = [tier for tier in Tier if tier in {medal.tier for medal in medals}]
    if [medal.tier for medal in medals] != order:
        raise BadField("medals", "gold, silver, bronze in this order, each once / 金银铜各一次")
    for medal in medals:
        most = _WHOLE_SHARE if medal.by is By.SHARE_PERCENT else UNITS_MOST
        _bounded("medals", medal.value, least=1, most=most, optional=False)
    shares = [medal.value for medal in medals if medal.by is By.SHARE_PERCENT]
    if sum(shares) > _WHOLE_SHARE:
        raise BadField("medals", "shares above 100 % / 比例合计超过 100%")
    bars = [medal.value for medal in medals if medal.by is By.THRESHOLD]
    if any(worse >= better for better, worse in pairwise(bars)):
        raise BadField("medals", "thresholds must fall from gold to bronze / 门槛须逐级降低")


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
    if "rounding" in given:
        given["rounding"] = _one_of("rounding", Rounding, given["rounding"])
    if "ranked_assets" in given:
        given["ranked_assets"] = _codes(given["ranked_assets"])
    if "medals" in given:
        given["medals"] = _medals(given["medals"])
    return Scheme(**given)


def _one_of(name: str, kind: type[Choice], value: object) -> Choice:
    try:
        return kind(str(value))
    except ValueError as error:
        raise BadField(name, " | ".join(kind)) from error


def _codes(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise BadField("ranked_assets", "a list of asset codes / 积分种类代码列表")
    return tuple(value)


def _medals(value: object) -> tuple[Medal, ...]:
    if not isinstance(value, list | tuple):
        raise BadField("medals", "a list / 列表")
    found = []
    for one in value:
        if isinstance(one, Medal):
            found.append(one)
            continue
        if not isinstance(one, Mapping) or one.keys() != {"tier", "by", "value"}:
            raise BadField("medals", "each with tier, by, value")
        tier, by = _one_of("medals", Tier, one["tier"]), _one_of("medals", By, one["by"])
        found.append(Medal(tier, by, one["value"]))
    return tuple(found)


class SchemeRow(OfBank, table=True):
    """One adopted version of the parameters, all of them written out."""

    __tablename__ = "scheme"
    __table_args__ = (to_bank(), UniqueConstraint("bank_id", "version"))

    scheme_id: str = Field(primary_key=True, max_length=40)
    version: int
    effective_from: date
    parameters: Any = Field(sa_column=Column("parameters", JSON, nullable=False))
    adopted_by: str = Field(max_length=64)


schemes = table(SchemeRow)


@dataclass(frozen=True, slots=True)
class Adopted:
    """What an adoption answers."""

    scheme_id: str
    version: int


@keyed
def adopt(
    unit: Unit,
    *,
    parameters: Mapping[str, Any],
    effective_from: date,
    key: str,  # noqa: ARG001 - the key is @keyed's
    if_match: Sequence[str] | None = None,
) -> Adopted:
    """Adopt parameters from a day on, today at the earliest; a later version of a day wins.

    Raises:
        BadField: names the parameter that is unknown, out of bounds or contradictory.
        AssetNotFound: a ranked asset does not exist.
        PreconditionFailed: another version was adopted than ``if_match`` says.
    """
    adopted = read(parameters)
    if effective_from < unit.today:
        raise BadField("effective_from", f"≥ {unit.today.isoformat()}")
    for code in adopted.ranked_assets:
        accounts.asset(unit, code)
    version = counters.lock(unit, [_VERSIONS])[_VERSIONS] + 1
    tags.require(if_match, version - 1, current(unit))
    counters.add(unit, {_VERSIONS: 1})
    scheme_id, old = unit.new_id("sch"), asdict(in_force(unit, effective_from))
    unit.run(
        insert(schemes),
        {
            "bank_id": unit.bank_id,
            "scheme_id": scheme_id,
            "version": version,
            "effective_from": effective_from,
            "parameters": asdict(adopted),
            "adopted_by": unit.actor.id,
        },
    )
    new = asdict(adopted)
    changed = [name for name in new if new[name] != old[name]]
    trail.record(
        unit,
        "scheme.adopted",
        scheme_id,
        before={name: old[name] for name in changed},
        after={name: new[name] for name in changed},
    )
    return Adopted(scheme_id, version)


def in_force(view: View, day: date) -> Scheme:
    """Return the parameters that hold on a day; the defaults if none were adopted by then."""
    row = view.row(
        select(schemes.c.parameters)
        .where(schemes.c.bank_id == view.bank_id, schemes.c.effective_from <= day)
        .order_by(schemes.c.effective_from.desc(), schemes.c.version.desc())
        .limit(1)
    )
    return Scheme() if row is None else read(row.parameters)


def current(view: View) -> Scheme:
    """Return the parameters that hold today."""
    return in_force(view, view.today)


def current_tag(view: View) -> str:
    """Return the tag of the parameters that hold today and of the latest version adopted."""
    latest = view.row(
        select(func.coalesce(func.max(schemes.c.version), 0)).where(
            schemes.c.bank_id == view.bank_id
        )
    )
    assert latest is not None, "an aggregate is always a row"
    return tags.of(latest[0], current(view))
