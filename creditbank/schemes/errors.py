"""What can go wrong with schemes beside a parameter that is unusable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from creditbank.core.errors import Refused


@dataclass(eq=False)
class SchemeOverlap(Refused):
    """The dates cross those of another version: which of them holds would be a guess.

    ``effective_until`` is ``…`` where that version goes on.
    """

    slug = "scheme-overlap"
    zh = "与第 {version} 版规则的日期（{effective_from} 至 {effective_until}）重叠，请改日期"
    en = (
        "The dates cross those of version {version} ({effective_from} to {effective_until});"
        " choose others, or the same dates to correct it"
    )
    version: int
    effective_from: date
    effective_until: str
