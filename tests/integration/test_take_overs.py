"""Take-overs: chains by which a thief, or one member of staff alone, would become a member."""

from collections.abc import Callable, Iterator
from concurrent.futures import wait
from functools import partial
from pathlib import Path

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Unit
from creditbank.identity import devices, phones, pins, sittings
from creditbank.identity.roles import Grant, Role
from creditbank.people import persons
from merchants.errors import PinNeeded
from tests import web
from tests.integration.test_assists import PRESENT
from tests.integration.test_sign_in import slug, told
from tests.office import Desks, refused
from tests.payers import Payers
from tests.residents import JOINING, OTHER_PHONE, PHONE, Device, Outbox
from tests.web import Web, new_key

SERVICE = {"reason": "手机和密码都丢了", "identity": "身份证"}


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Payers:
    """A shop with the offer of FACTS A."""
    return Payers(database, clock)


# Devices ---------------------------------------------------------------------------------------


def test_signing_out_in_the_middle_makes_no_device_an_old_one(street: Payers) -> None:
    """A request of a new device whose sitting ends before its unit keeps the lower limit."""
    ann = street.member(1000)
    street.device(ann)
    street.clock.advance(hours=1)
    new = street.device(ann)
    street.do(lambda unit: sittings.end(unit, holder_id=ann, sitting_id=new))
    with pytest.raises(PinNeeded):
        street.pay(street.code_on(ann, new), 100_000, points=21)


def test_a_pin_set_while_signing_out_waits_all_the_same(street: Payers) -> None:
    """The new device's PIN waits a day even if its sitting ends before its unit."""
    ann = street.member(1000)
    street.device(ann)
    street.clock.advance(hours=1)
    new, key = street.device(ann), street.name()
    street.do(lambda unit: sittings.end(unit, holder_id=ann, sitting_id=new))
    done = street.as_member(
        ann, lambda u: pins.set_first(u, member_id=ann, pin_hash="?", key=key), via=new
    )
    assert 24 * 3600 == (done.usable_at - street.clock.now()).total_seconds()


def test_a_device_that_was_signed_out_is_trusted_no_more(street: Payers) -> None:
    """However old it is."""
    ann = street.member(1000)
    old = street.device(ann)
    street.clock.advance(hours=25)
    assert street.see(lambda view: devices.is_trusted(view, ann, old))
    street.do(lambda unit: sittings.end(unit, holder_id=ann, sitting_id=old))
    assert not street.see(lambda view: devices.is_trusted(view, ann, old))


# The office ------------------------------------------------------------------------------------


def clerk(api: Web) -> str:
    """The token of somebody at the office."""
    return api.token(Role.ORGANISER)


def with_pin(api: Web) -> str:
    """A member with a PIN, set at the office by somebody else a month ago."""
    member_id, _ = api.member()
    body = SERVICE | {"pin": "739184"}
    api.made(f"/members/{member_id}/pin/at-office", api.organiser, body)
    api.clock.advance(days=30)
    return member_id


def test_who_wrote_a_phone_down_resets_no_pin(api: Web) -> None:
    """Together that is the whole account, so it takes two of the office; a week parts them."""
    member_id, one, other = with_pin(api), clerk(api), clerk(api)
    path = f"/members/{member_id}"
    api.made(f"{path}/phone/at-office", one, SERVICE | {"phone": OTHER_PHONE})
    assert (403, "other-worker-needed") == slug(api.post(f"{path}/pin/reset", one, SERVICE))
    api.made(f"{path}/pin/reset", other, SERVICE)
    api.clock.advance(days=1)
    office_pin = SERVICE | {"pin": "841973"}
    answer = api.post(f"{path}/pin/at-office", one, office_pin)
    assert (403, "other-worker-needed") == slug(answer)
    api.made(f"{path}/pin/at-office", other, office_pin)
    api.clock.advance(days=6)
    api.made(f"{path}/pin/reset", one, SERVICE)


def test_who_reset_a_pin_writes_no_phone_down(api: Web) -> None:
    """Neither who began the reset nor who set the PIN; a colleague does."""
    member_id, one, two, three = with_pin(api), clerk(api), clerk(api), clerk(api)
    path = f"/members/{member_id}"
    phone = SERVICE | {"phone": OTHER_PHONE}
    api.made(f"{path}/pin/reset", one, SERVICE)
    api.clock.advance(days=1)
    api.made(f"{path}/pin/at-office", two, SERVICE | {"pin": "841973"})
    for who in (one, two):
        answer = api.post(f"{path}/phone/at-office", who, phone)
        assert (403, "other-worker-needed") == slug(answer)
    api.made(f"{path}/phone/at-office", three, phone)


def test_one_clerk_does_not_do_both_at_the_same_time(api: Web) -> None:
    """Sent together, one half is done and the other refused, whichever came first."""
    halves = []
    for n in range(8):
        member_id, one = with_pin(api), Actor(f"stf_clerk_{n}", Role.ORGANISER)
        said = {"member_id": member_id} | SERVICE
        phone = f"1390000100{n}"
        acts: list[Callable[[Unit], object]] = [
            partial(pins.open_reset, key=new_key(), **said),
            partial(phones.change_at_office, key=new_key(), phone=phone, **said),
        ]
        bank_id = api.bank.bank_id
        futures = [api.database.writer.submit(bank_id, one, act) for act in acts[:: 1 - n % 2 * 2]]
        wait(futures)
        halves.append(sorted(str(type(future.exception()).__name__) for future in futures))
    assert [["NoneType", "OtherWorkerNeeded"]] * 8 == halves


def test_a_merged_row_brings_no_unknown_phone_at_once(api: Web, tmp_path: Path) -> None:
    """Whoever invents a second row with their own phone waits a day like everyone, and is told."""
    community = api.community()
    elder, ghost = (
        str(
            api.made("/members", api.organiser, {"name": "张三", "community_id": community})[
                "member_id"
            ]
        )
        for _ in range(2)
    )
    link = partial(phones.link, member_id=ghost, phone=PHONE)
    api.database.write(api.bank.bank_id, JOINING, link)
    change = partial(persons.change, holder_id=ghost, phone=PHONE)
    api.database.write(api.bank.bank_id, JOINING, change)
    one, other = clerk(api), clerk(api)
    api.made("/merges", one, {"old_id": ghost, "kept_id": elder, "reason": "同一个人"})
    outbox = Outbox(api, tmp_path / "outbox.jsonl")
    assert None is Device(outbox).sign_in(PHONE)["member_id"]
    assert 1 == told(api, "phone-coming")
    office_pin = SERVICE | {"pin": "841973"}
    path = f"/members/{elder}/pin/at-office"
    assert (403, "other-worker-needed") == slug(api.post(path, one, office_pin))
    api.made(path, other, office_pin)
    api.clock.advance(days=1)
    assert elder == Device(outbox).sign_in(PHONE)["member_id"]


def test_an_assist_ends_where_the_role_does(api: Web) -> None:
    """Who lost the role in the member's community goes on in no assist there."""
    here, there = api.community(), api.community()
    body = {"name": "张三", "community_id": here}
    member_id = str(api.made("/members", api.organiser, body)["member_id"])
    desks = Desks(api)
    chief = desks.clerk(Role.OPERATOR)
    person = desks.clerk(Grant(Role.ORGANISER, here), Grant(Role.ORGANISER, there))
    desk = desks.at(person)
    opened = desk.made(f"/members/{member_id}/assists", PRESENT)["assist_id"]
    path = f"/members/{member_id}/pay-codes/stop"
    desk.client.headers["X-Assist"] = opened
    assert 200 == desk.post(path).status_code
    operator = desks.at(chief)
    shown = operator.get(f"/staff/{person.staff_id}").json()["roles"]
    grant = next(one["grant_id"] for one in shown if one["community_id"] == here)
    operator.made(f"/grants/{grant}/end")
    refused(desk.post(path), 403, "other-community")
