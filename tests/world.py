"""A world to trespass in: two banks, and in the first two communities, three shops, three members.

Made once with what the API itself offers, then copied for every role that is tried out. A *target*
is whose things the path of a request names: one's own, another member's, another shop's, another
community's, another bank's; ids that are the same for two targets make no difference there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from creditbank.identity import grants, sittings
from creditbank.identity.roles import OF_COMMUNITY, OF_MERCHANT, STAFF, Grant, Role
from tests.web import OPERATOR, Web
from tests.world_builder import Builder, Someone, bearer

OWN, MEMBER, SHOP, COMMUNITY, BANK = "own", "member", "shop", "community", "bank"
TARGETS = (OWN, MEMBER, SHOP, COMMUNITY, BANK)
NOBODY = "nobody"


@dataclass
class World:
    """What there is: ids by target, how each role proves who it is, and what must not leak.

    ``dead`` is what no longer, or never, proves anything; ``targets`` is what the matrix has found
    out of its requests.
    """

    at: datetime
    ids: dict[str, dict[str, str]]
    headers: dict[str, dict[str, str]]
    dead: dict[str, dict[str, str]]
    canaries: list[str] = field(default_factory=list)
    targets: dict[str, list[str]] = field(default_factory=dict)


def serve(sides: Iterable[tuple[Builder, dict[str, str], Someone]], clock: Any) -> None:
    """Let members serve two tasks, one after the other: one is approved, one waits."""
    several = list(sides)
    for name in ("approved_id", "claim_id"):
        starts_at = clock.now() + timedelta(minutes=30)
        for side, ids, who in several:
            ids["served_id"] = side.publish(ids["community_id"], starts_at)
            claim = side.made(f"/tasks/{ids['served_id']}/claims", who.token, {})
            ids[name] = str(claim["claim_id"])
        for verb, minutes in (("sign-in", 30), ("sign-out", 60)):
            clock.advance(minutes=minutes)
            for side, ids, who in several:
                side.made(f"/claims/{ids[name]}/{verb}", who.token)
    for side, ids, who in several:
        side.made(f"/claims/{ids['approved_id']}/approve", Role.REVIEWER, {})
        ids["photo_id"] = side.photo(ids["claim_id"], who)
        ids["task_id"] = side.publish(ids["community_id"], clock.now() + timedelta(days=1))


def build(api: Web) -> World:
    """Make the world in a fresh database."""
    here, there = Builder(api, api.bank), Builder(api, api.found("other", "另一社"))
    dead = _dead(here)
    home, far, abroad = here.community(), here.community(), there.community()
    ann, ben, can = here.member(home), here.member(home), here.member(far)
    stranger = there.member(abroad)
    corner, market, distant = here.shop(home), here.shop(home), here.shop(far)
    foreign = there.shop(abroad)
    ids = {
        OWN: here.about(home, ann, corner),
        MEMBER: here.about(home, ben, corner),
        COMMUNITY: here.about(far, can, distant),
        BANK: there.about(abroad, stranger, foreign),
    }
    sides = [
        (here, ids[OWN], ann),
        (here, ids[MEMBER], ben),
        (here, ids[COMMUNITY], can),
        (there, ids[BANK], stranger),
    ]
    serve(sides, api.clock)
    for side, of, who in sides:
        side.attend(of, who)
        side.gather(of, who)
        side.plan(of, who)
        side.part(of, who)
        side.appoint(of)
        of["arrival_id"] = side.arrive(of["community_id"])
    ids[SHOP] = ids[OWN] | here.about(home, ann, market)
    for target, side, who, shop in (
        (OWN, here, ann, corner),
        (MEMBER, here, ben, corner),
        (SHOP, here, ann, market),
        (COMMUNITY, here, can, distant),
        (BANK, there, stranger, foreign),
    ):
        ids[target] |= side.pay(who, shop)
    for target, side, shop in (
        (OWN, here, corner),
        (MEMBER, here, corner),
        (SHOP, here, market),
        (COMMUNITY, here, distant),
        (BANK, there, foreign),
    ):
        ids[target]["cashier_id"] = shop.cashier_id or side.cashier(shop)
    for target, side, who in (
        (MEMBER, here, ben),
        (COMMUNITY, here, can),
        (BANK, there, stranger),
        (OWN, here, ann),
    ):
        ids[target] |= side.code(who)
    ids[SHOP] |= {one: ids[OWN][one] for one in ("pay_code_id", "digits")}
    uploaded = here.upload()
    for target in TARGETS:
        ids[target]["import_id"] = there.upload() if target == BANK else uploaded
    return World(
        at=api.clock.now(),
        ids=ids,
        headers=_headers(here, ids[OWN], ann),
        dead=dead | {"of another bank": bearer(there.staff[Role.OPERATOR])},
        canaries=here.canaries + there.canaries,
    )


def _headers(side: Builder, own: Mapping[str, str], ann: Someone) -> dict[str, dict[str, str]]:
    """How each role proves who it is, bound to its own community or shop."""
    headers: dict[str, dict[str, str]] = {NOBODY: {}}
    till = side.api.token(Role.TILL, bank=side.bank, till_id=own["till_id"])
    headers[Role.TILL] = headers[Role.CASHIER] = bearer(till)
    headers[Role.MEMBER] = bearer(ann.token)
    headers[Role.TEAM_LEADER] = _lead(side, own, ann)
    for role in sorted(STAFF):
        bound = {"role": role.value}
        if role in OF_COMMUNITY:
            bound["community_id"] = own["community_id"]
        elif role in OF_MERCHANT:
            bound["merchant_id"] = own["merchant_id"]
        sat = side.office(f"司马{role}", bound)
        headers[role] = {"Cookie": sat["Cookie"], "X-CSRF-Token": sat["csrf"]}
    return headers


def _dead(side: Builder) -> dict[str, dict[str, str]]:
    """Tokens and cookies that open nothing; the token that ends is over when the world is made."""
    soon = side.api.clock.now() + timedelta(minutes=1)
    gone = side.member(side.community())
    side.made(f"/members/{gone.member_id}/suspend", Role.ORGANISER)
    return {
        "expired": bearer(side.api.token(Role.OPERATOR, bank=side.bank, ends_at=soon)),
        "forged": bearer("cbt_" + "A" * 43),
        "malformed": {"Authorization": "Bearer"},
        "of another scheme": {"Authorization": f"Basic {side.staff[Role.OPERATOR]}"},
        "too long": bearer("cbt_" + "A" * 5_000),
        "a forged cookie": {"Cookie": f"cb-{side.bank.slug}={'A' * 43}", "X-CSRF-Token": "A" * 64},
        "of a suspended member": bearer(gone.token),
    }


def _lead(side: Builder, own: Mapping[str, str], ann: Someone) -> dict[str, str]:
    """Let a member lead a team of the community, signed in on a device."""
    side.api.database.write(
        side.bank.bank_id,
        OPERATOR,
        lambda unit: grants.give(unit, ann.member_id, Grant(Role.TEAM_LEADER, own["community_id"])),
    )
    cookie, _ = side.sit(ann.member_id)
    return {"Cookie": f"cb-{side.bank.slug}={cookie}", "X-CSRF-Token": sittings.csrf_of(cookie)}
