"""Chains (接龙): numbered names as people add them to a list in a WeChat group. Pure.

Nothing is guessed: what a line might mean besides its first name is told as such, and a line that
is no entry is handed back, so that nobody is left out in silence. The text itself is kept nowhere.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

TEXT_MOST = 20_000
ENTRIES_MOST = 200
_NUMBER_MOST = 999
_NAME_MOST = 30
_OTHERS_MOST = 5
_SHORT = 24

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ebef"
_NUMBERED = re.compile(
    r"[(\[【第#]?\s*(\d{1,3})\s*(?:[.、,:)\]】。·_-]|位|号)*(\s*)(.*)", re.DOTALL
)
_IN_CHINESE = re.compile(r"([一二三四五六七八九十]{1,3})[.、)]\s*(.*)", re.DOTALL)
_SPACED = re.compile(rf"^([{_HAN}]) ([{_HAN}])(?: ([{_HAN}]))?(?![{_HAN}])")
_NAME = re.compile(
    r"[A-Za-z]{1,3}-?\d{3,8}(?!\d)"  # the number of a member
    rf"|[{_HAN}]+(?:·[{_HAN}]+)*"
    r"|[A-Za-z][A-Za-z'.-]*(?: [A-Za-z][A-Za-z'.-]*)*"
)
_ANOTHER = re.compile(
    rf"\s*[、,/&和与]\s*([{_HAN}]{{2,4}})(?![{_HAN}])|\s+([{_HAN}]{{2,4}})(?![{_HAN}])"
)
_EXAMPLE = re.compile(
    r"[(\[【]?(?:例如?|示例|格式|范例)\s*[:)\]】]?(?![一-鿿])|[(\[【]?(?:示例|格式|范例)"
)
_HEADING = re.compile(r"#?\s*(?:群?接龙|solitaire|group\s*note)", re.IGNORECASE)
_MORE = (
    re.compile(r"\+\s*(\d{1,2})"),
    re.compile(r"(?:家属|亲友|朋友|孩子|小孩|同伴|带|加)\s*(\d{1,2})"),
)
_TOTAL = re.compile(r"(?<![\d+])(\d{1,2})\s*(?:个?人|位)")
_WITH = re.compile(r"家属|带孩子|带小孩|带娃|一家|全家|夫妻|夫妇")
_DIGITS = dict(zip("一二三四五六七八九", range(1, 10), strict=True))
# What ends in a colon after a number is a point of the notice, not a person: 1. 时间：周六.
_POINT = re.compile(r"\s*:")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a chain.

    ``others`` may be names of further people, ``more`` how many come along unnamed (None: some);
    ``again`` says that the name stood on an earlier line.
    """

    number: int | None
    name: str
    others: tuple[str, ...] = ()
    more: int | None = 0
    remark: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """What was read: the heading, the entries, and the lines that are none."""

    title: str
    entries: tuple[Entry, ...]
    left_out: tuple[str, ...]
    too_many: bool = False


def read(text: str) -> Chain:
    """Read a chain as it was pasted."""
    lines = [one for raw in text[:TEXT_MOST].splitlines() if (one := _plain(raw))]
    numbered = any(_entry(one, 0) is not None for one in lines)
    heading: list[str] = []
    entries: list[Entry] = []
    left_out: list[str] = []
    for one in lines:
        if _HEADING.match(one):
            heading.append(_HEADING.sub("", one, count=1).strip(" :"))
            continue
        if _EXAMPLE.match(one):
            continue
        found = _entry(one, _last(entries)) if numbered else _bare(one)
        if found is not None:
            entries.append(found)
        elif entries:
            left_out.append(one)
        else:
            heading.append(one)
    title = next((one for one in heading if one), "")[:80]
    several = len(entries) > ENTRIES_MOST
    return Chain(title, _marked(entries[:ENTRIES_MOST]), tuple(left_out[:ENTRIES_MOST]), several)


def _plain(line: str) -> str:
    """Return a line with plain digits and signs, without pictures, tags and hidden characters."""
    text = re.sub(r"[\ufe0e\ufe0f\u20e3]", "", line)
    text = unicodedata.normalize("NFKC", text)
    dropped = {"So", "Sk", "Cf", "Cs", "Co", "Cn", "Cc"}
    kept = "".join(
        " " if one.isspace() else one
        for one in text
        if one.isspace() or unicodedata.category(one) not in dropped
    )
    kept = kept.replace("•", "·").replace("\u2022", "·").replace("‧", "·").replace("@", " ")
    return re.sub(r"[ ]+", " ", kept).strip()


def _last(entries: list[Entry]) -> int:
    return max((one.number or 0 for one in entries), default=0)


def _entry(line: str, last: int) -> Entry | None:
    """Read a numbered line; without a sign between number and name only as the next of its list."""
    number, rest, apart = _number(line)
    if number is None or not rest or number > _NUMBER_MOST:
        return None
    if not apart and number != last + 1:
        return None
    return _read(number, rest)


def _number(line: str) -> tuple[int | None, str, bool]:
    """Return the number of a line, what follows, and whether something stands between them."""
    found = _NUMBERED.fullmatch(line)
    if found is not None:
        return int(found[1]), found[3], found.end(1) < found.start(3)
    found = _IN_CHINESE.fullmatch(line)
    if found is None:
        return None, "", False
    return _chinese(found[1]), found[2], True


def _chinese(said: str) -> int | None:
    """Read a number up to 99 as it is written in Chinese."""
    tens, ten, ones = said.rpartition("十")
    if not ten:
        return _DIGITS.get(said)
    if (tens and tens not in _DIGITS) or (ones and ones not in _DIGITS):
        return None
    return 10 * (_DIGITS[tens] if tens else 1) + (_DIGITS[ones] if ones else 0)


def _bare(line: str) -> Entry | None:
    """Read a line of a list without any numbers: a short one that begins with a name."""
    return _read(None, line) if len(line) <= _SHORT else None


def _read(number: int | None, rest: str) -> Entry | None:
    rest = _SPACED.sub(r"\1\2\3", rest.strip(" .-、,:"))
    found = _NAME.match(rest)
    if found is None or len(found[0]) > _NAME_MOST or _POINT.match(rest, found.end()):
        return None
    name, after = found[0].strip(" .-"), rest[found.end() :]
    others: list[str] = []
    at = 0
    while (one := _ANOTHER.match(after, at)) is not None and len(others) < _OTHERS_MOST:
        others.append(one[1] or one[2])
        at = one.end()
    return Entry(number, name, tuple(others), _more(after), after.strip(" ,、;")[:60])


def _more(after: str) -> int | None:
    """Return how many come along by what stands after a name; None if some, uncounted."""
    for pattern in _MORE:
        found = pattern.search(after)
        if found is not None:
            return int(found[1])
    total = _TOTAL.search(after)
    if total is not None:
        return max(int(total[1]) - 1, 0)
    return None if _WITH.search(after) else 0


def _marked(entries: list[Entry]) -> tuple[Entry, ...]:
    """Mark who stands on two lines."""
    seen: set[str] = set()
    marked = []
    for one in entries:
        marked.append(replace(one, again=one.name in seen))
        seen.add(one.name)
    return tuple(marked)
