"""A world in which people write markup, formulas and templates wherever they may write at all."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bs4 import BeautifulSoup

from creditbank.identity.roles import Role
from tests import matrix, matrix_pages
from tests.asgi import Answer, Direct
from tests.matrix import OK, Operation
from tests.web import new_key
from tests.world import NOBODY, OWN, World

MARKUP = "\"'><img src=q7 onerror=alert(7)>{{7*7}}"
ADDRESS = "javascript:alert(7)//"
FORMULA = "=1+7+cmd|'/c'!A1"
POISONS = (MARKUP, ADDRESS, FORMULA)
FIRST = (
    *(Role.MEMBER, Role.CASHIER, Role.ORGANISER, Role.SHOP_OWNER, Role.REVIEWER),
    *(Role.COMMUNITY_HEAD, Role.TREASURER, Role.OPERATOR, NOBODY),
)
_ENDS = re.compile(r"erasure|suspend|sign-out|devices/|leave|/end$|/cancel|stop|refuse|reject")


@dataclass
class Poured:
    """What took the poison, and what did not."""

    took: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def pages(method: str) -> list[Operation]:
    """Every page, or every deed of pages, those that end something last."""
    several = [one for one in matrix.operations().values() if one.is_page and one.method == method]
    return sorted(several, key=lambda one: bool(_ENDS.search(one.path)))


def asked(client: Direct, one: Operation, made: World, role: str, poison: str = "") -> Answer:
    """Send one request as a role, about one's own things."""
    ids = made.ids[OWN]
    request = matrix_pages.written(one.method, one.path, one.name, matrix.app(), ids, poison=poison)
    headers = matrix_pages.who(one.path, made.headers[role]) | request.pop("headers", {})
    return client.request(one.method, headers=headers | {"Idempotency-Key": new_key()}, **request)


def pour(client: Direct, made: World, poison: str) -> Poured:
    """Send every form of every page with the poison in each of its texts, as who may."""
    poured = Poured()
    for one in pages("POST"):
        for role in FIRST:
            answer = asked(client, one, made, role, poison)
            if answer.status_code in {200, 303} and matrix.come_to(answer, []) == OK:
                poured.took.append(one.name)
                break
        else:
            poured.refused.append(one.name)
    return poured


def shown(
    client: Direct, made: World, roles_most: int = len(FIRST)
) -> Iterator[tuple[Operation, str, Answer]]:
    """Every page as every role that may see it, or as so many of them."""
    for one in pages("GET"):
        if one.path.endswith("/live"):
            continue
        seen = 0
        for role in FIRST:
            if seen == roles_most:
                break
            answer = asked(client, one, made, role)
            if answer.status_code == 200:
                seen += 1
                yield one, role, answer


def alive(text: str) -> list[str]:
    """What of the poison became markup, an address or the value of a template."""
    if "<img src=q7" in text:
        return ["markup as it was written"]
    soup = BeautifulSoup(text, "html.parser")
    found = [str(one)[:200] for one in soup.find_all("img", src="q7")]
    for tag in soup.find_all(True):
        for name, value in tag.attrs.items():
            said = str(value).strip().lower()
            if name.startswith("on") or name == "style":
                found.append(f"{tag.name} has {name}")
            if name in {"href", "src", "action", "formaction"} and said.startswith("javascript:"):
                found.append(f"{tag.name} leads to {said}")
        if tag.name == "script" and not tag.get("src"):
            found.append("a script inside the page")
    if "alert(7)>49" in html.unescape(text):
        found.append("a template inside a text was filled in")
    return found
