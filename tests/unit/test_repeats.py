"""Repeat rules: which days they name, on whose clocks, and which are refused before expanding."""

from datetime import UTC, date, datetime, time
from itertools import product

import pytest

from creditbank.core.errors import BadField, CreditbankError
from creditbank.tasks import repeats
from creditbank.tasks.repeats import Repeat, Weekday
from creditbank.tasks.series_errors import EndlessRepeat

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"


def repeat(
    rule: str, first_on: str = "2026-03-01", starts: time = time(19), left_out: str = ""
) -> Repeat:
    """A rule from a Sunday on, an hour from seven in the evening."""
    return Repeat(
        rule=rule,
        first_on=date.fromisoformat(first_on),
        starts=starts,
        lasts_minutes=60,
        left_out=tuple(date.fromisoformat(one) for one in left_out.split()),
    )


def days(rule: str, **more: str) -> list[str]:
    """The days of a rule in Shanghai."""
    return [one.isoformat() for one in repeats.days(repeat(rule, **more), SHANGHAI)]


def test_every_tuesday_and_friday_until_june() -> None:
    """The rule of the issue, from plain fields: its last day is included."""
    rule = repeats.weekly([Weekday.FR, Weekday.TU], date(2026, 6, 30))
    assert "FREQ=WEEKLY;BYDAY=TU,FR;UNTIL=20260630" == rule
    found = days(rule)
    assert (35, "2026-03-03", "2026-03-06", "2026-06-30") == (len(found), *found[:2], found[-1])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("RRULE:FREQ=DAILY;COUNT=3", ["2026-03-01", "2026-03-02", "2026-03-03"]),
        ("freq=weekly;interval=2;count=3", ["2026-03-01", "2026-03-15", "2026-03-29"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", ["2026-03-31", "2026-04-30"]),
        ("FREQ=MONTHLY;BYDAY=1MO,-1FR;COUNT=3", ["2026-03-02", "2026-03-27", "2026-04-06"]),
        ("FREQ=DAILY;UNTIL=20260302", ["2026-03-01", "2026-03-02"]),
        # The end is an instant of another zone: eight hours earlier than these clocks show.
        ("FREQ=DAILY;UNTIL=20260302T110000Z", ["2026-03-01", "2026-03-02"]),
        ("FREQ=DAILY;UNTIL=20260302T105959Z", ["2026-03-01"]),
    ],
)
def test_days_of_rules(rule: str, expected: list[str]) -> None:
    """Days, weeks and months, each with an interval and an end."""
    assert expected == days(rule)


def test_holidays_are_left_out() -> None:
    """A day left out is no occurrence, and is not made up for."""
    assert ["2026-03-01", "2026-03-03"] == days("FREQ=DAILY;COUNT=3", left_out="2026-03-02")


def test_seven_stays_seven_when_clocks_change() -> None:
    """In Berlin clocks go forward on 29 March 2026: the hour stays, the offset changes."""
    rule = "FREQ=WEEKLY;BYDAY=SA,SU;UNTIL=20260405"
    starts = [one for one, _ in repeats.windows(repeat(rule, "2026-03-28"), BERLIN)]
    expected = [(28, 3, 18), (29, 3, 17), (4, 4, 17), (5, 4, 17)]
    assert [datetime(2026, month, day, hour, tzinfo=UTC) for day, month, hour in expected] == starts


def test_an_hour_that_clocks_leave_out_is_what_they_show_then() -> None:
    """Half past two does not exist on that night: it begins when clocks show half past three."""
    rule = repeat("FREQ=DAILY;COUNT=1", "2026-03-29", time(2, 30))
    assert datetime(2026, 3, 29, 1, 30, tzinfo=UTC) == repeats.windows(rule, BERLIN)[0][0]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "FREQ=WEEKLY;BYDAY=TU,FR",
        "FREQ=DAILY;COUNT=201",
        "FREQ=DAILY;COUNT=1000000",
        "FREQ=DAILY;UNTIL=20270303",
        "FREQ=DAILY;UNTIL=99991231",
        "FREQ=WEEKLY;COUNT=54",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=1;COUNT=200",
    ],
)
def test_a_rule_has_an_end_in_sight(rule: str) -> None:
    """Neither without end, nor a million times, nor beyond a year."""
    with pytest.raises(EndlessRepeat):
        days(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "FREQ",
        "FREQ=",
        "nonsense",
        "FREQ=SECONDLY;COUNT=2",
        "FREQ=MINUTELY;UNTIL=20260302",
        "FREQ=HOURLY;COUNT=2",
        "FREQ=YEARLY;COUNT=2",
        "FREQ=WEEKLY;BYDAY=XX;COUNT=2",
        "FREQ=WEEKLY;BYDAY=1MO;COUNT=2",
        "FREQ=WEEKLY;BYDAY=;COUNT=2",
        "FREQ=DAILY;BYDAY=MO;COUNT=2",
        "FREQ=DAILY;BYHOUR=1,2,3;COUNT=2",
        "FREQ=MONTHLY;COUNT=2",
        "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=2",
        "FREQ=MONTHLY;BYDAY=5MO;COUNT=2",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=MO;COUNT=2",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;COUNT=1e3",
        "FREQ=DAILY;COUNT=2;COUNT=3",
        "FREQ=DAILY;COUNT=2;UNTIL=20260302",
        "FREQ=DAILY;INTERVAL=367;COUNT=1",
        "FREQ=DAILY;UNTIL=20260228",
        "FREQ=DAILY;UNTIL=20260230",
        "FREQ=DAILY;UNTIL=00010101T000000Z",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=WEEKLY;BYDAY=MO;UNTIL=20260301",
        f"FREQ=DAILY;COUNT=2;WKST={'M' * 200}",
    ],
)
def test_an_unusable_rule_says_what_is_wrong(rule: str) -> None:
    """What cannot be read, or never comes round, is named and nothing is expanded."""
    with pytest.raises(BadField):
        days(rule)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first_on": "9999-12-31"}, "first_on"),
        ({"left_out": "2026-03-01"}, "rule"),
    ],
)
def test_days_that_cannot_be(changes: dict[str, str], field: str) -> None:
    """The end of the calendar is refused, and so is a rule of which nothing is left."""
    with pytest.raises(BadField) as refused:
        days("FREQ=DAILY;COUNT=1", **changes)
    assert field == refused.value.field


def test_weekdays_are_named_once() -> None:
    """At least one, none twice."""
    for weekdays in ([], [Weekday.MO, Weekday.MO]):
        with pytest.raises(BadField, match="weekdays"):
            repeats.weekly(weekdays, date(2026, 6, 30))


def test_whatever_is_taken_is_found_or_refused_at_once() -> None:
    """No mix of allowed parts is searched for a day that never comes: dates stay within a year."""
    frequencies = ("DAILY", "WEEKLY", "MONTHLY")
    parts = ("BYDAY=MO", "BYDAY=-4SU", "BYMONTHDAY=28", "BYMONTHDAY=-28", "WKST=SU")
    for frequency, part, interval in product(frequencies, parts, (1, 7, 12, 53, 366)):
        rule = f"FREQ={frequency};{part};INTERVAL={interval};COUNT=1"
        try:
            found = repeats.days(repeat(rule), SHANGHAI)
        except CreditbankError:
            continue
        assert 1 == len(found), rule
