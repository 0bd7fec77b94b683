"""Templates, and the words and figures they know.

Everything that is shown is escaped (autoescape is on for every template, whatever its name), and
a word that a template forgot to be given is a fault, not an empty place. Days and numbers are
written by Babel in the language of the device.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from babel import dates, numbers
from jinja2 import Environment, PackageLoader, StrictUndefined

from api.pages import assets
from api.pages.look import Look
from api.papers import charts
from creditbank.core.clock import day_of
from creditbank.core.values import write_units

_KEY_BYTES = 18
_FEN = 100
_MINUTES = 60
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d")


def new_key() -> str:
    """Return a key for a form that is being written."""
    return f"page-{secrets.token_urlsafe(_KEY_BYTES)}"


@cache
def templates() -> Environment:
    """Return the environment of all templates."""
    made = Environment(
        loader=PackageLoader("api", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    made.globals.update(asset=assets.url, new_key=new_key, units_of=write_units)
    made.globals.update(drawn=charts.drawn, short=charts.short)
    made.filters.update(yuan=yuan, grouped=grouped)
    return made


def yuan(fen: int) -> str:
    """Return an amount of fen as yuan, such as 5.99; without a currency sign."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // _FEN:,}.{abs(fen) % _FEN:02}"


def grouped(digits: str, size: int = 3) -> list[str]:
    """Return digits in groups, as they are read aloud."""
    return [digits[start : start + size] for start in range(0, len(digits), size)]


@dataclass(frozen=True, slots=True)
class Speech:
    """How one device is spoken to: in its language, in the days of one bank, as of one instant."""

    look: Look
    zone: ZoneInfo
    now: datetime

    def t(self, zh: str, en: str) -> str:
        """Return the sentence in the device's language."""
        return zh if self.look.language == "zh" else en

    def count(self, number: int) -> str:
        """Return a number with its thousands apart."""
        return str(numbers.format_decimal(number, locale=self.look.locale))

    def hours(self, minutes: int) -> str:
        """Return minutes as hours and minutes: 46 小时 30 分."""
        whole, rest = divmod(abs(minutes), _MINUTES)
        sign = "−" if minutes < 0 else ""
        long, short = self.t("小时", "h"), self.t("分", "min")
        parts = [f"{whole:,} {long}"] if whole or not rest else []
        return sign + " ".join([*parts, *([f"{rest} {short}"] if rest else [])])

    def day(self, of: date | datetime) -> str:
        """Return a day as people say it: 今天, 明天, 11月23日 周一; with its year if another."""
        when = day_of(of, str(self.zone)) if isinstance(of, datetime) else of
        today = day_of(self.now, str(self.zone))
        near = {
            today - timedelta(days=1): ("昨天", "yesterday"),
            today: ("今天", "today"),
            today + timedelta(days=1): ("明天", "tomorrow"),
        }
        if when in near:
            return self.t(*near[when])
        year = "" if when.year == today.year else self.t("y年", " y")
        pattern = self.t(f"{year}M月d日 EEE", f"EEE d MMM{year}")
        return dates.format_date(when, pattern, locale=self.look.locale)

    def full_day(self, of: date | datetime) -> str:
        """Return a day that is understood next year, too: 2026年11月23日."""
        when = day_of(of, str(self.zone)) if isinstance(of, datetime) else of
        return dates.format_date(when, self.t("y年M月d日", "d MMM y"), locale=self.look.locale)

    def weekday(self, of: date | datetime) -> str:
        """Return the day of the week: 周一."""
        when = day_of(of, str(self.zone)) if isinstance(of, datetime) else of
        return dates.format_date(when, "EEE", locale=self.look.locale)

    def clock(self, of: datetime) -> str:
        """Return the time of day: 14:05."""
        return of.astimezone(self.zone).strftime("%H:%M")

    def when(self, of: datetime) -> str:
        """Return a day and its time: 今天 14:05."""
        return f"{self.day(of)} {self.clock(of)}"

    def span(self, starts_at: datetime, ends_at: datetime) -> str:
        """Return from when to when: 明天 09:00–11:00."""
        same = day_of(starts_at, str(self.zone)) == day_of(ends_at, str(self.zone))
        end = self.clock(ends_at) if same else self.when(ends_at)
        return f"{self.when(starts_at)}–{end}"

    def said(self, error: Any) -> str:
        """Return the sentence of an error, its instants as people say them."""
        sentence = str(error.sentence(self.look.language))
        return _INSTANT.sub(lambda one: self.when(datetime.fromisoformat(one[0])), sentence)

    def words(self) -> dict[str, Callable[..., Any] | Any]:
        """Return what templates call by short names."""
        return {
            "t": self.t,
            "look": self.look,
            "now": self.now,
            "count": self.count,
            "hours": self.hours,
            "day": self.day,
            "full_day": self.full_day,
            "clock": self.clock,
            "weekday": self.weekday,
            "when": self.when,
            "span": self.span,
            "said": self.said,
            "local": partial(_local, zone=self.zone),
        }


def _local(of: datetime, zone: ZoneInfo) -> str:
    """Return an instant as a field of a form wants it: without a zone, to the minute."""
    return of.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
