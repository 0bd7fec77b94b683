"""Who may do what, tried out: every route × every role × everybody's things.

What is expected stands in ``tests/matrix.txt``, one line per route; a route without a line is told
with the line to add, and so is a line without a route. Lines run from top to bottom, for each
role in a copy of one world (`tests.world`), so that what ends something stands last.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import make_url

from api import schema
from api.app import create_app
from api.edge.finding import Index
from api.edge.limits import Limits
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.vault import Vault
from creditbank.identity.roles import OF_COMMUNITY, Role
from tests import asgi, kept, matrix_pages, postgres, web, world
from tests.asgi import Answer, Direct
from tests.conftest import START
from tests.matrix_requests import Unforeseen, written
from tests.web import new_key
from tests.world import BANK, COMMUNITY, MEMBER, NOBODY, OWN, SHOP, TARGETS, World
from tests.world_builder import PIN

TABLE = Path(__file__).with_name("matrix.txt")
WHO = (NOBODY, *(role.value for role in Role))
OK, UNKNOWN, DENIED, MISSING = "ok", "401", "403", "404"

# What a word of the table says, by target in the order of TARGETS. Where one's own is denied, what
# is elsewhere may be missing as well.
_NO = {DENIED, MISSING}
_GONE = {MISSING}
_YES = {OK}
WORDS: dict[str, tuple[set[str], ...]] = {
    "ok": (_YES, _YES, _YES, _YES, _GONE),
    "401": ({UNKNOWN},) * 5,
    "403": ({DENIED}, _NO, _NO, _NO, _NO),
    "404": (_GONE,) * 5,
    "own": (_YES, _GONE, _YES, _GONE, _GONE),
    "com": (_YES, _YES, _YES, {DENIED}, _GONE),
    "shop": (_YES, _YES, _GONE, _GONE, _GONE),
    "own3": (_YES, {DENIED}, _YES, {DENIED}, _NO),
    "any": (_YES,) * 5,
}
_AT_ONCE = ("/problems/role-denied", "/problems/token-missing", 'data-problem="role-denied')
_MEMBERS = {Role.MEMBER, Role.TEAM_LEADER}
_SHOPS = {Role.SHOP_OWNER, Role.TILL, Role.CASHIER}
_OF_A_BANK = "/v1/b/{slug}"
_REFUSED = {401: UNKNOWN, 403: DENIED, 404: MISSING}
_PASSED = {200, 201, 202, 204, 303, 409, 410, 412, 422, 428}
_MALFORMED = (
    "/problems/body-unusable",
    'data-problem="body-unusable',
    "/problems/body-kind",
    'data-problem="body-kind',
)


@dataclass(frozen=True)
class Operation:
    """A method of a path; ``name`` is how the table calls it."""

    method: str
    path: str

    @property
    def name(self) -> str:
        """The method and the path, without what they all begin with."""
        return f"{self.method} {self.path.removeprefix(_OF_A_BANK) or '.'}"

    @property
    def of_a_bank(self) -> bool:
        """Whether its path names a bank."""
        return self.path.startswith(_OF_A_BANK) or self.is_page

    @property
    def is_page(self) -> bool:
        """Whether it is a page, or what a page's form is sent to."""
        return matrix_pages.is_page(self.path)

    def written(self, ids: dict[str, str]) -> dict[str, Any]:
        """Return a request of it, but for who sends it."""
        if self.is_page:
            return matrix_pages.written(self.method, self.path, self.name, app(), ids)
        return written(self.method, self.path, self.name, app().openapi(), ids)


@cache
def app() -> FastAPI:
    """One app for all copies; a path is known by its routes, a body by its description."""
    return create_app()


@cache
def operations() -> dict[str, Operation]:
    """Every method of every route of the app, those outside its description, too."""
    found = [
        Operation(method, str(context.path))
        for context in iter_route_contexts(app().routes)
        for method in sorted(context.methods or {"GET"})
        if method != "HEAD" and not isinstance(context.original_route, Index)
    ]
    assert len(found) == len(set(found)), "a route stands twice"
    return {one.name: one for one in found}


def tables_of_banks() -> list[str]:
    """The tables that hold rows of banks; when a device was seen is nobody's deed."""
    several = schema.metadata().tables.values()
    return [one.name for one in several if "bank_id" in one.columns and one.name != "sitting"]


@cache
def table() -> dict[str, dict[str, str]]:
    """What is expected, by operation and role, in the order of the file."""
    found: dict[str, dict[str, str]] = {}
    for line in TABLE.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, *cells = re.split(r" {2,}", line.strip())
        words = " ".join(cells).split()
        assert name not in found, f"{name} stands twice"
        assert len(words) == len(WHO), f"{name}: {len(words)} cells for {len(WHO)} roles"
        assert set(words) <= set(WORDS), f"{name}: {set(words) - set(WORDS)}"
        found[name] = dict(zip(WHO, words, strict=True))
    return found


class Copies:
    """Copies of one world: a file, or a database made from a template."""

    def __init__(
        self, made: World, vault: Path, copy: Callable[[], str], end: Callable[[], None]
    ) -> None:
        """Say what is copied, how a copy is made, and how it is ended."""
        self.world = made
        self._vault = vault
        self._copy = copy
        self._end = end

    @contextmanager
    def opened(self) -> Iterator[Direct]:
        """The app on a fresh copy."""
        clock = ManualClock(self.world.at)
        database = Database(self._copy(), clock=clock, vault=Vault(self._vault))
        app().state.database = database
        app().state.bank_ids, app().state.limits = {}, Limits()
        try:
            with asgi.running(app()) as client:
                yield client
        finally:
            self._end()


WORLDS = pytest.StashKey[dict[str, Copies]]()


def copies_for(request: pytest.FixtureRequest, database_url: str) -> Copies:
    """Return the world on a kind of database, made in a fresh one when it is first asked for."""
    worlds = request.config.stash.setdefault(WORLDS, {})
    kind = database_url.partition(":")[0]
    if kind not in worlds:
        worlds[kind] = _made(request, database_url)
    return worlds[kind]


def _made(request: pytest.FixtureRequest, database_url: str) -> Copies:
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    folder = factory.mktemp("world")
    vault = folder / "world.keys"
    clock = ManualClock(START)
    with web.opened(Database(database_url, clock=clock, vault=Vault(vault)), clock) as api:
        made = world.build(api)
    if database_url.startswith("sqlite"):
        source, copy = folder / "world.db", folder / "copy.db"
        shutil.copyfile(database_url.removeprefix("sqlite:///"), source)

        def copied() -> str:
            shutil.copyfile(source, copy)
            return f"sqlite:///{copy}"

        return Copies(made, vault, copied, lambda: None)
    server: postgres.Server = request.getfixturevalue("postgres_server")
    kept.let_go()  # a database is copied while nobody is connected
    server.create_database("world", make_url(database_url).database)

    def cloned() -> str:
        server.create_database("world_copy", "world")
        return server.url("world_copy")

    return Copies(made, vault, cloned, lambda: server.drop_database("world_copy"))


def asked(client: Direct, one: Operation, ids: dict[str, str], who: dict[str, str]) -> Answer:
    """Send one request."""
    request = one.written(ids)
    headers = (matrix_pages.who(one.path, who) if one.is_page else who) | request.pop("headers", {})
    if one.method not in {"GET", "OPTIONS"}:
        headers["Idempotency-Key"] = new_key()
    return client.request(one.method, headers=headers, **request)


def come_to(answer: Answer, canaries: list[str]) -> str:
    """What an answer comes to; a refusal names nobody."""
    if matrix_pages.leads_to_sign_in(answer.location):
        return UNKNOWN
    if answer.status_code in _PASSED and not _is_malformed(answer):
        return OK
    for canary in canaries:
        assert canary not in answer.text, f"{answer.url}: a refusal tells {canary}"
    return _REFUSED.get(answer.status_code, f"{answer.status_code} {answer.text[:300]}")


# Published with the consent of who is named.
_PUBLISHED = {
    "GET /periods/{period}/rankings/{asset}/preview",
    "GET /b/{slug}/office/ranking",
}
_PERSONAL = (
    {"member_id", "kin_id", "old_id", "kept_id", "gone_id", "claim_id", "approved_id"}
    | {"mate_id", "household_id", "relation_id", "elder_id", "pair_id", "entry_id"}
    | {
        f"{one}_id"
        for one in ("redemption", "card", "delegation", "sitting", "assist", "merge", "departure")
    }
    | {"erasure_id", "pay_code_id", "request_id", "digits"}
)


def hidden_from(role: str, made: World) -> set[str]:
    """What no answer about one's own things says to a role: ids of people and payments elsewhere.

    A bank's are hidden from everyone; another community's from its roles; another member's from
    members; another shop's from shops.
    """
    others = {COMMUNITY: OF_COMMUNITY, MEMBER: _MEMBERS, SHOP: _SHOPS}
    places = [place for place, roles in others.items() if role in roles]
    if role in _MEMBERS | _SHOPS:
        places.append(COMMUNITY)
    found = {made.ids[place][one] for place in places for one in _PERSONAL}
    return (found | set(made.ids[BANK].values())) - set(made.ids[OWN].values())


def _is_malformed(answer: Answer) -> bool:
    """Whether the request was not even understood: our body was no good."""
    return answer.status_code in {415, 422} and any(one in answer.text for one in _MALFORMED)


def targets(one: Operation, made: World) -> list[str]:
    """The targets that make a difference: those for which the request is another one."""
    if one.name not in made.targets:
        said = {target: one.written(made.ids[target]) for target in TARGETS if one.of_a_bank}
        made.targets[one.name] = [
            target for target in TARGETS if target == OWN or said.get(target) != said.get(OWN)
        ]
    return made.targets[one.name]


def in_turn(several: list[str], one: Operation, role: str) -> list[str]:
    """One's own, all that is refused, and half of what else is let in.

    The next role asks for what is left out here. Which that is is the same for all routes of one
    noun, since one makes what the next ends.
    """
    said = dict(zip(TARGETS, WORDS[table().get(one.name, {}).get(role, "403")], strict=True))
    noun = [part for part in one.path.split("/") if part and not part.startswith("{")][2:3]
    odd = (WHO.index(role) + len("".join(noun))) % 2
    left_out = {MEMBER, BANK} if odd else {SHOP, COMMUNITY}
    return [target for target in several if target not in left_out or OK not in said[target]]


def tried(
    copies: Copies, role: str, order: list[str], *, thorough: bool, turns: bool = False
) -> dict[str, dict[str, str]]:
    """What every operation comes to for one role, by target."""
    made, found = copies.world, {}
    with copies.opened() as client:
        if role == Role.CASHIER:
            begin_turn(client, made)
        for name in order:
            one = operations()[name]
            found[name] = _tried(client, one, made, role, thorough=thorough, turns=turns)
    return found


def _tried(
    client: Direct, one: Operation, made: World, role: str, *, thorough: bool, turns: bool
) -> dict[str, str]:
    """What an operation comes to by target, one's own things last.

    Unless `thorough`, whom it is refused to before anything is looked up is asked once only.
    """
    try:
        several = targets(one, made)
    except Unforeseen as unforeseen:
        return {OWN: f"tests/matrix_requests.py knows no {unforeseen}"}
    several = in_turn(several, one, role) if turns else several
    if not thorough and table().get(one.name, {}).get(role) in {UNKNOWN, DENIED}:
        answer = asked(client, one, made.ids[OWN], made.headers[role])
        outcome = come_to(answer, made.canaries)
        if outcome == UNKNOWN or any(sign in answer.text for sign in _AT_ONCE):
            return {OWN: outcome}
    found = {}
    for target in reversed(several):
        answer = asked(client, one, made.ids[target], made.headers[role])
        found[target] = come_to(answer, made.canaries)
        if target == OWN and found[target] == OK and one.name not in _PUBLISHED:
            told = {word for word in hidden_from(role, made) if word in answer.text}
            found[target] = f"ok, but it tells of {told}" if told else OK
    return found


def begin_turn(client: Direct, made: World) -> None:
    """Let the cashier of the own shop serve at its till."""
    body = {"cashier_id": made.ids[OWN]["cashier_id"], "pin": PIN}
    headers = made.headers[Role.CASHIER] | {"Idempotency-Key": new_key()}
    begun = client.request("POST", "/v1/b/trust/till/cashier", headers=headers, json=body)
    assert begun.status_code == 200, begun.text


def fits(found: dict[str, str], word: str) -> bool:
    """Whether what was found is what a word of the table says."""
    said = dict(zip(TARGETS, WORDS[word], strict=True))
    return all(outcome in said[target] for target, outcome in found.items())


def suggestion(found: dict[str, str]) -> str:
    """The first word that says what was found."""
    return next((word for word in WORDS if fits(found, word)), f"?{found}")


def line(name: str, words: list[str]) -> str:
    """A line of the table."""
    return f"{name:<62}  " + " ".join(f"{word:<4}" for word in words).rstrip()


def differences(found: dict[str, dict[str, dict[str, str]]], tried: list[str]) -> list[str]:
    """What is not as the table says of what was tried, one line each."""
    expected = table()
    wrong = [f"no such route: {name}" for name in expected if name not in operations()]
    for name in tried:
        if name not in expected:
            words = [suggestion(found[role][name]) for role in WHO]
            wrong.append(f"add: {line(name, words)}")
            continue
        for role in WHO:
            said = dict(zip(TARGETS, WORDS[expected[name][role]], strict=True))
            wrong += [
                f"{name} · {role} · {target}: expected {'/'.join(said[target])}, got {outcome}"
                for target, outcome in found[role][name].items()
                if outcome not in said[target]
            ]
    return wrong


def wrong(copies: Copies, *, thorough: bool, pages: bool = False, turns: bool = False) -> list[str]:
    """Try everything out, either the API or the pages, and say what is not as it should be.

    Either every role asks for every target, or roles take `turns` with what else they may.
    """
    known = {name for name, one in operations().items() if one.is_page == pages}
    rows = table()
    fresh = sorted(known - rows.keys(), key=lambda name: ("sign-out" in name, name))
    order = [*(name for name in rows if name in known), *fresh]
    found = {role: tried(copies, role, order, thorough=thorough, turns=turns) for role in WHO}
    return differences(found, order)
