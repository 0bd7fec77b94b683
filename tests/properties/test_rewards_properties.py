"""Rewards: the credits of any split of a service are those of the whole, by the remainder rule.

A unit is 60 minute-units. What people served, in minute-units, is what they were paid plus what
is left to each: dropped, or carried to the next service.
"""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from creditbank.schemes.asset_rules import AssetRules
from creditbank.schemes.caps import Used, share
from creditbank.schemes.rewards import CAN_CARRY, Counted, Per, Reward, Rounding, counted

DOWN = sorted(CAN_CARRY)
HOURLY = [one for one in Rounding if one is not Rounding.PER_SERVICE]
STEP = {
    Rounding.WHOLE_HOURS_DOWN: 60,
    Rounding.WHOLE_HOURS_NEAREST: 60,
    Rounding.HALF_HOURS_DOWN: 30,
    Rounding.HALF_HOURS: 30,
    Rounding.MINUTES_EXACT: 0,
}

rates = st.integers(1, 1000)
minutes = st.integers(0, 24 * 60)
services = st.lists(st.tuples(st.integers(1, 5), minutes, rates), max_size=30)
"""Who, for how many minutes, at how much an hour."""


def per_hour(units: int) -> Reward:
    """So many units an hour."""
    return Reward("XYB", units, Per.HOUR)


@given(several=services, rounding=st.sampled_from(DOWN))
def test_what_is_carried_loses_nothing(
    several: list[tuple[int, int, int]], rounding: Rounding
) -> None:
    """Over any split of people, minutes and rates: paid × 60 + carried = served."""
    paid: dict[int, int] = defaultdict(int)
    carried: dict[int, int] = defaultdict(int)
    for who, served, rate in several:
        done = counted(per_hour(rate), served, rounding, carried[who])
        paid[who] += done.units
        carried[who] = done.left
        assert 0 <= done.left < max(60, rate * 60)
    whole = sum(served * rate for _, served, rate in several)
    assert whole == 60 * sum(paid.values()) + sum(carried.values())


@given(parts=st.lists(minutes, min_size=1, max_size=20), rate=rates, rounding=st.sampled_from(DOWN))
def test_a_split_service_earns_what_the_whole_does(
    parts: list[int], rate: int, rounding: Rounding
) -> None:
    """Carried along, parts bring one person exactly what the service brings in one piece."""
    whole = counted(per_hour(rate), sum(parts), rounding, 0)
    paid, carried = 0, 0
    for part in parts:
        done = counted(per_hour(rate), part, rounding, carried)
        paid, carried = paid + done.units, done.left
    assert whole == Counted(paid, carried)


@given(parts=services, rounding=st.sampled_from(HOURLY))
def test_what_is_dropped_is_known(parts: list[tuple[int, int, int]], rounding: Rounding) -> None:
    """Dropped, the credits are the whole less what each part left, which is below its step."""
    paid = left = 0
    for _, served, rate in parts:
        done = counted(per_hour(rate), served, rounding)
        step = rate * STEP[rounding]
        assert -step <= done.left < step + 60
        assert rounding not in CAN_CARRY or done.left >= 0
        paid, left = paid + done.units, left + done.left
    assert sum(served * rate for _, served, rate in parts) == 60 * paid + left


@given(several=services, rounding=st.sampled_from(DOWN), data=st.data())
def test_a_withdrawn_service_takes_its_share_of_what_was_carried(
    several: list[tuple[int, int, int]], rounding: Rounding, data: st.DataObject
) -> None:
    """Whatever is taken back in between, what counts in the end is what stands."""
    carried, standing = 0, list[tuple[int, int, int]]()
    for _, served, rate in several:
        done = counted(per_hour(rate), served, rounding, carried)
        standing.append((served * rate, done.units, done.left - carried))
        carried = done.left
        if data.draw(st.booleans()):
            undone = standing.pop(data.draw(st.integers(0, len(standing) - 1)))
            carried -= undone[2]
    assert sum(one[0] for one in standing) == 60 * sum(one[1] for one in standing) + carried


@given(
    earned=st.lists(st.integers(0, 500), max_size=30),
    day=st.none() | st.integers(1, 1000),
    month=st.none() | st.integers(1, 3000),
    storage=st.none() | st.integers(1, 2000),
)
def test_caps_lose_nothing_and_hold(
    earned: list[int], day: int | None, month: int | None, storage: int | None
) -> None:
    """Kept and over make up what was earned, and what was kept never passes a cap."""
    rules = AssetRules(asset="XYB", cap_day=day, cap_month=month, storage_cap=storage)
    kept = over = 0
    for units in earned:
        part = share(units, rules, Used(kept, kept, kept))
        kept, over = kept + part.kept, over + part.over
    assert sum(earned) == kept + over
    assert all(kept <= cap for cap in (day, month, storage) if cap is not None)
    if over:
        assert kept == min(cap for cap in (day, month, storage) if cap is not None)
