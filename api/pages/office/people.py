"""People picked from names: whole names matched to members, and whatever is in doubt asked for.

Nobody is guessed. One active member of exactly this name is sure; several, or one whose name only
begins the word, are choices; a number settles it. What was typed is shown back and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic import StringConstraints as Text

from api.pages.forms import plain
from api.papers.chains import Entry
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.people import namesakes
from creditbank.people.namesakes import Known

PICKED_MOST = 200
_SHORTEST = 2

Pick = Annotated[str, Text(pattern=r"^(mem_[0-9a-hjkmnp-tv-z]{26})?$")]
Picks = Annotated[list[Pick], Field(max_length=2 * PICKED_MOST, default_factory=list)]
Number = Annotated[str, BeforeValidator(plain), Text(pattern=r"^[A-Za-z0-9-]{0,20}$")]
Numbers = Annotated[list[Number], Field(max_length=2 * PICKED_MOST, default_factory=list)]


@dataclass(frozen=True, slots=True)
class Match:
    """An entry and who it may be; ``sure`` is the one member of exactly this name or number."""

    entry: Entry
    sure: Known | None
    choices: tuple[Known, ...]


def match(view: View, entries: Iterable[Entry], within: tuple[str, ...] | None) -> list[Match]:
    """Return who entries may be; what may be a further name of a line only if somebody has it."""
    asked = list(_with_others(entries))
    words = {part for one, _ in asked for part in _parts(one)}
    ids = namesakes.of_names(view, words, within=within)
    numbers = namesakes.of_numbers(view, {one.name for one, _ in asked}, within=within)
    known = namesakes.known(view, {*numbers.values(), *(one for of in ids.values() for one in of)})
    matched, seen = [], set[str]()
    for entry, is_first in asked:
        exact = [known[one] for one in ids.get(entry.name, ())]
        if entry.name in numbers and known[numbers[entry.name]] not in exact:
            exact.append(known[numbers[entry.name]])
        if not exact and not is_first:
            continue
        near = [known[one] for part in _parts(entry) for one in ids.get(part, ())]
        sure = exact[0] if len(exact) == 1 and is_first and not entry.again else None
        if sure is not None and sure.member_id in seen:
            sure = None
        if sure is not None:
            seen.add(sure.member_id)
        choices = sorted(exact or near, key=lambda one: one.number)
        matched.append(Match(entry, sure, () if sure else tuple(choices)))
    return matched


def _with_others(entries: Iterable[Entry]) -> Iterator[tuple[Entry, bool]]:
    """Yield each entry, and after it what may be further names of its line."""
    for one in entries:
        yield one, True
        for other in one.others:
            yield Entry(one.number, other), False


def _parts(entry: Entry) -> list[str]:
    """Return a name and whom it may mean besides: 张三 of 张三阿姨, 欧阳明月 of 欧阳 明月."""
    word = entry.name
    joined = [word + entry.others[0]] if entry.others and not word.isascii() else []
    short = [word[:length] for length in range(min(len(word), 5) - 1, _SHORTEST - 1, -1)]
    return [word, *joined, *(one for one in short if not one.isascii() and one != word)]


def picked(
    view: View, picks: Iterable[str], numbers: Iterable[str], within: tuple[str, ...] | None
) -> list[str]:
    """Return who was chosen, each once, in their order; numbers are looked up.

    Who lives outside these communities was never among the choices, and is left out.

    Raises:
        BadField: nobody has one of the numbers, or nobody or too many were chosen.
    """
    typed = [one for one in numbers if one]
    found = namesakes.of_numbers(view, {*typed, *(one.upper() for one in typed)}, within=within)
    for one in typed:
        if one not in found and one.upper() not in found:
            raise BadField("number", f"{one}: nobody has it here / 没有这个编号的成员")
    by_number = [found.get(one) or found[one.upper()] for one in typed]
    ticked = list(dict.fromkeys(one for one in picks if one))
    near = namesakes.those_within(view, ticked, within=within)
    chosen = list(dict.fromkeys([*(one for one in ticked if one in near), *by_number]))
    if not 1 <= len(chosen) <= PICKED_MOST:
        raise BadField("who", f"1–{PICKED_MOST} / 请选择 1–{PICKED_MOST} 人")
    return chosen
