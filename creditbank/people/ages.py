"""Ages: how old somebody is on a day, in full years, as far as the birth date is registered.

Whose birth date is not known has no age: nothing that is open to an age is open to them, and
they are no child by it either.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from creditbank.core.units import View
from creditbank.people import persons

ADULT_FROM = 18


def years(born_on: date, day: date) -> int:
    """Return somebody's age on a day, in full years."""
    before = (day.month, day.day) < (born_on.month, born_on.day)
    return day.year - born_on.year - int(before)


def on(view: View, member_ids: Iterable[str], day: date) -> dict[str, int | None]:
    """Return how old each of these members is on a day, None whose birth date is not known."""
    wanted = set(member_ids)
    births = persons.births(view, wanted)
    return {one: years(births[one], day) if one in births else None for one in sorted(wanted)}


def today(view: View, member_id: str) -> int | None:
    """Return how old a member is on the bank's day, None if the birth date is not known."""
    return on(view, [member_id], view.today)[member_id]


def is_minor(view: View, member_id: str) -> bool:
    """Tell whether a member is known to be under 18 on the bank's day."""
    age = today(view, member_id)
    return age is not None and age < ADULT_FROM


def is_adult(view: View, member_id: str) -> bool:
    """Tell whether a member is known to be 18 or older on the bank's day."""
    age = today(view, member_id)
    return age is not None and age >= ADULT_FROM
