"""Spending: who may spend what they have, by the scheme.

Somebody may have to earn so much in a lifetime before, or be so old to spend on oneself; a child
spends only what a guardian confirms. Whose birth date is not registered is no child, and not old
enough where an age is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from creditbank.core.errors import Refused
from creditbank.core.units import View
from creditbank.people import ages, guardians
from creditbank.schemes.parameters import Scheme


@dataclass(eq=False)
class TooYoungToSpend(Refused):
    """The scheme asks for an age to spend on oneself."""

    slug = "too-young-to-spend"
    zh = "满 {age} 岁才能自己使用积分；未登记出生日期的，请先到社区登记"
    en = "One may spend on oneself from {age} years on; the office registers birth dates"
    age: int


@dataclass(eq=False)
class LifetimeTooLow(Refused):
    """The member has not earned enough yet to redeem."""

    slug = "lifetime-too-low"
    zh = "累计获得满 {least} 个积分后才能使用，目前累计 {earned}"
    en = "Points can be used once {least} were earned in all; so far {earned}"
    least: int
    earned: int


@dataclass(eq=False)
class GuardianMissing(Refused):
    """A child spends, and no guardian is registered who could confirm it."""

    slug = "guardian-missing"
    zh = "{age} 岁以下的成员使用积分须监护人在手机上确认，请先到社区登记监护人"
    en = "Members below {age} spend when a guardian confirms; the office registers guardians"
    age: int


def ages_asked(view: View, member_ids: Collection[str], rules: Scheme) -> dict[str, int | None]:
    """Return how old members are today, as far as the scheme asks; `require` wants it."""
    if not rules.spend_confirmed_below_age and not rules.spend_on_oneself_from_age:
        return {}
    return ages.on(view, member_ids, view.today)


def require(
    view: View,
    member_id: str,
    rules: Scheme,
    *,
    known_ages: Mapping[str, int | None],
    lifetime: Callable[[], int],
) -> bool:
    """See that a member may spend; tell whether only a guardian's confirmation lets them.

    ``known_ages`` are those of `ages_asked`. ``lifetime`` gives what the member ever earned of the
    asset; it is asked only if it matters.

    Raises:
        TooYoungToSpend: the scheme asks for an age that the member has not reached.
        LifetimeTooLow: the member has not earned enough yet.
        GuardianMissing: a guardian must confirm, and there is none.
    """
    if rules.redeem_lifetime_least:
        earned = lifetime()
        if earned < rules.redeem_lifetime_least:
            raise LifetimeTooLow(rules.redeem_lifetime_least, earned)
    child_below, least_age = rules.spend_confirmed_below_age, rules.spend_on_oneself_from_age
    age = known_ages.get(member_id)
    if least_age and (age is None or age < least_age):
        raise TooYoungToSpend(least_age)
    if age is None or age >= child_below:
        return False
    if not guardians.of(view, member_id):
        raise GuardianMissing(child_below)
    return True
