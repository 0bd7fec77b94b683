"""Files: a programme's rules as a TOML file, read with everything that is wrong about it. Pure.

The parameters stand at the top level. ``title`` says whose rules they are, and ``[names]`` what
assets and categories are called when the rules are read aloud; neither is adopted. Every finding
names its line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from creditbank.core.errors import BadField
from creditbank.schemes import contradictions
from creditbank.schemes.parameters import Scheme, read

_TITLE, _NAMES = "title", "names"
_WHOLE = "rates"  # a rate has no part that could be left out
_HEAD = re.compile(r"(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"([A-Za-z0-9_-]+)\s*=")
_AT_LINE = re.compile(r"at line (\d+)")

Path = tuple[str, ...]
"""Where something stands: ``("assets", "0", "cap_day")``."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What is wrong on a line, and what to do about it."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was read; there is a scheme only where nothing was found."""

    title: str
    names: Mapping[str, str]
    parameters: Mapping[str, Any]
    scheme: Scheme | None
    findings: tuple[Finding, ...]


def parsed(text: str) -> File:
    """Read the rules of a file; find what is unknown, out of bounds, contradictory, unbounded."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        return File("", {}, {}, None, (Finding(line, "TOML", f"{error} / 不是合法的 TOML"),))
    lines = dict(_lines(text))
    title, names, wrong = _words(content)
    parameters = {key: value for key, value in content.items() if key not in {_TITLE, _NAMES}}
    scheme, refused = _read(parameters)
    wrong += refused
    if scheme is not None:
        wrong += [one.refusal() for one in contradictions.find(scheme, parameters)]
        wrong += [one.refusal() for one in contradictions.unlimited(scheme)]
        wrong += [one.refusal() for one in contradictions.silent(scheme)]
        wrong += _unnamed(scheme, names)
    findings = sorted(
        Finding(_line_of(lines, tuple(one.field.split("."))), one.field, one.reason)
        for one in wrong
    )
    return File(title, names, parameters, None if findings else scheme, tuple(findings))


def _words(content: Mapping[str, Any]) -> tuple[str, dict[str, str], list[BadField]]:
    """Return the title and the names, and what is wrong about them."""
    wrong: list[BadField] = []
    title, names = content.get(_TITLE, ""), content.get(_NAMES, {})
    if not isinstance(title, str):
        wrong.append(BadField(_TITLE, "a text / 文字"))
        title = ""
    if not isinstance(names, dict):
        wrong.append(BadField(_NAMES, "a table of code = name / 代码与名称的表"))
        names = {}
    for code, name in names.items():
        if not isinstance(name, str) or not name:
            wrong.append(BadField(f"{_NAMES}.{code}", "a text / 文字"))
    return title, {code: str(name) for code, name in names.items()}, wrong


def _read(parameters: Mapping[str, Any]) -> tuple[Scheme | None, list[BadField]]:
    """Read parameters, leaving out what is refused, until the rest can be read."""
    rest, wrong = deepcopy(dict(parameters)), list[BadField]()
    while True:
        try:
            scheme = read(rest)
        except BadField as error:
            wrong.append(error)
            path = error.field.split(".")
            if not _leave_out(rest, path[:2] if path[0] == _WHOLE else path):
                return None, wrong
        else:
            return (None if wrong else scheme), wrong


def _leave_out(content: Any, path: list[str]) -> bool:
    """Take the value of a path out; what cannot be told apart goes as a whole."""
    head, rest = path[0], path[1:]
    if isinstance(content, list) and head.isdigit() and int(head) < len(content):
        inner = content[int(head)]
        return (bool(rest) and _leave_out(inner, rest)) or content.pop(int(head)) is inner
    if isinstance(content, dict) and head in content:
        if not (rest and _leave_out(content[head], rest)):
            del content[head]
        return True
    return False


def _unnamed(scheme: Scheme, names: Mapping[str, str]) -> list[BadField]:
    """Return the categories that the file names nowhere, if it names any word at all."""
    if not names:
        return []
    places = [(f"rates.{n}.category", one.category) for n, one in enumerate(scheme.rates)]
    places += [("confirmed_categories", one) for one in scheme.confirmed_categories]
    return [
        BadField(place, f"'{one}' is not under [names]: misspelt? / [names] 中没有“{one}”")
        for place, one in places
        if one is not None and one not in names
    ]


def _lines(text: str) -> Iterator[tuple[Path, int]]:
    """Yield where each key and table of a valid TOML text begins, as (path, line)."""
    prefix: Path = ()
    tables: dict[Path, int] = {}
    pending = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if pending:
            pending = _unfinished(f"{pending}\n{line}")
            continue
        bare = line.strip()
        head, key = _HEAD.fullmatch(bare), _KEY.match(bare)
        if head is not None:
            prefix = tuple(head[2].split("."))
            if head[1] == "[[":
                count = tables[prefix] = tables.get(prefix, -1) + 1
                yield prefix, number
                prefix = (*prefix, str(count))
            yield prefix, number
        elif key is not None:
            yield (*prefix, key[1]), number
            pending = _unfinished(bare)


def _unfinished(text: str) -> str:
    """Return a statement that goes on in the next line, or nothing if it is whole."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return text
    return ""


def _line_of(lines: Mapping[Path, int], path: Path) -> int:
    """Return the line of a path, or of the nearest thing around it that is written down."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 1
