"""Sentences of notices: made when they are read, from a kind and its figures.

Shops, tasks and assets are looked up by their ids, as they are called now; a person never is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import select

from creditbank.core.units import View
from creditbank.core.values import Asset, write_units
from creditbank.ledger import accounts
from creditbank.notice_kinds import KINDS
from creditbank.notices import Figure
from creditbank.tasks.tasks import tasks
from merchants.partners import merchants

_GONE = "—"


class Said(Protocol):
    """Something that says a kind of notice."""

    @property
    def kind(self) -> str:
        """The slug of the kind."""

    @property
    def figures(self) -> Mapping[str, Figure]:
        """What fills the places of its sentence."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A notice in both languages."""

    zh: str
    en: str


def sentences(view: View, several: Iterable[Said]) -> list[Sentence]:
    """Return the sentences of notices, in their order."""
    wanted = list(several)
    shops = _shops(view, _ids(wanted, "shop"))
    windows = _tasks(view, _ids(wanted, "task"))
    amounts = any("units" in one.figures for one in wanted)
    assets = accounts.every_asset(view) if amounts else {}
    made = []
    for one in wanted:
        words = {name: str(figure) for name, figure in one.figures.items()}
        if "shop" in words:
            words["shop"] = shops.get(words["shop"], _GONE)
        if "task" in words:
            words["task"], words["when"] = windows.get(words["task"], (_GONE, _GONE))
        kind, units = KINDS[one.kind], one.figures.get("units")
        zh, en = dict(words), dict(words)
        if isinstance(units, Mapping):
            zh["units"], en["units"] = _amounts(assets, units, "、"), _amounts(assets, units, ", ")
        made.append(Sentence(kind.sentence("zh", zh), kind.sentence("en", en)))
    return made


def _ids(several: Iterable[Said], name: str) -> list[str]:
    return sorted({str(one.figures[name]) for one in several if name in one.figures})


def _shops(view: View, merchant_ids: list[str]) -> dict[str, str]:
    if not merchant_ids:
        return {}
    of = merchants.c
    rows = view.rows(
        select(of.merchant_id, of.name).where(
            of.bank_id == view.bank_id, of.merchant_id.in_(merchant_ids)
        )
    )
    return {row.merchant_id: row.name for row in rows}


def _tasks(view: View, task_ids: list[str]) -> dict[str, tuple[str, str]]:
    """Return how tasks are called, and when they start, in the bank's time."""
    if not task_ids:
        return {}
    of, zone = tasks.c, ZoneInfo(view.bank.zone)
    rows = view.rows(
        select(of.task_id, of.title, of.starts_at).where(
            of.bank_id == view.bank_id, of.task_id.in_(task_ids)
        )
    )
    return {row.task_id: (row.title, _when(row.starts_at, zone)) for row in rows}


def _when(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _amounts(assets: Mapping[str, Asset], units: Mapping[str, int], between: str) -> str:
    return between.join(
        f"{write_units(count, assets[code].scale)} {assets[code].name}"
        for code, count in units.items()
    )
