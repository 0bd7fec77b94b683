"""Reference: all parameters in one table, written from what the program itself holds. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from typing import Any

from creditbank.core.values import PAYMENT_UNITS_MOST, AssetKind
from creditbank.schemes import explaining
from creditbank.schemes.asset_rules import AssetRules, OverCap
from creditbank.schemes.asset_sentences import OF_ASSET
from creditbank.schemes.parameters import DonationOrder, Gifts, Scheme, TeamEarnings
from creditbank.schemes.rewards import Per, Remainder, Rounding
from creditbank.schemes.sentences import PARAMETERS, Sentence

_WORDS: Mapping[str, type[StrEnum]] = {
    "rounding": Rounding,
    "remainder": Remainder,
    "gifts": Gifts,
    "donation_order": DonationOrder,
    "team_earnings": TeamEarnings,
    "over_cap": OverCap,
    "kind": AssetKind,
}
_HEAD = "| parameter | unit | bounds | default | 说法 | in words |\n|---|---|---|---|---|---|"


def tables() -> str:
    """Return the reference as Markdown: the scheme's parameters by chapter, then the lists'."""
    by_name = {one.name: one for one in fields(Scheme)}
    parts = []
    for (zh, en), chapter in explaining.CHAPTERS:
        rows = [_row(by_name[name], PARAMETERS[name]) for name in chapter if name in PARAMETERS]
        parts.append("\n".join([f"### {zh} · {en}\n", _HEAD, *rows]))
    of_asset = [_row(one, OF_ASSET[one.name]) for one in fields(AssetRules) if one.name in OF_ASSET]
    parts.append("\n".join(["### 每种积分 · `[[assets]]`, each with `asset`\n", _HEAD, *of_asset]))
    parts.append("\n".join(["### 标准 · `[[rates]]`\n", *_rates()]))
    return "\n\n".join(parts) + "\n"


def _row(one: Field[Any], sentence: Sentence) -> str:
    default = one.default if one.default is not MISSING else None
    apart = list(sentence.of.values())
    every = (
        apart
        if len(apart) > 1 and len(apart) >= len(_WORDS.get(one.name, apart))
        else [sentence.said, *apart]
    )
    said = ["<br>".join(pair[n] for pair in every) for n in (0, 1)]
    cells = (f"`{one.name}`", " ".join(sentence.unit), _bounds(one), _default(default), *said)
    return f"| {' | '.join(cells)} |"


def _bounds(one: Field[Any]) -> str:
    if "least" in one.metadata:
        return f"{one.metadata['least']}–{one.metadata['most']}"
    if one.name in _WORDS:
        return ", ".join(f"`{word}`" for word in _WORDS[one.name])
    return "—"


def _default(value: object) -> str:
    if value is None or value == ():
        return "—"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(f"{one.tier} {one.by} {one.value}" for one in value)
    return str(value)


def _rates() -> Iterator[str]:
    per = ", ".join(f"`{one}`" for one in Per)
    yield "| key | bounds | meaning |"
    yield "|---|---|---|"
    yield "| `asset` | an asset's code | 付哪种积分 · what is paid |"
    yield f"| `units` | 1–{PAYMENT_UNITS_MOST} | 付多少 · how much |"
    yield f"| `per` | {per} | 按小时，或每人每次 · for each hour, or for each person |"
    yield "| `category` | a category's code, or none | 只适用于该类别 · for this category only |"
