"""What a bank of the world is made of: people, shops, offices, and what they have going on.

All of it with what the API itself offers; of everyone made up, the words are kept by which they
could be recognised.
"""

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from PIL import Image
from pyotp import TOTP

from creditbank.core.banks import Bank
from creditbank.identity import sittings
from creditbank.identity.roles import Role
from tests.merchant_builders import STEP
from tests.panels import seat
from tests.web import OPERATOR, Web, new_key

PIN = "481516"
PASSWORD = "correct-horse-battery-staple-9"  # noqa: S105 - of people who are made up
_serial = itertools.count(1)


@dataclass
class Someone:
    """A member, with everything by which they could be recognised."""

    member_id: str
    token: str
    sitting_id: str


@dataclass
class Shop:
    """A shop with a till."""

    merchant_id: str
    offer_id: str
    till_id: str
    till: str
    cashier_id: str = ""


class Builder:
    """Makes the things of one bank, as its own staff."""

    def __init__(self, api: Web, bank: Bank) -> None:
        self.api = api
        self.bank = bank
        self.canaries: list[str] = []
        self.names: dict[str, str] = {}
        self.staff = {
            role: api.token(role, bank=bank)
            for role in (Role.OPERATOR, Role.ORGANISER, Role.REVIEWER, Role.TREASURER)
        }
        self.made("/categories", Role.OPERATOR, {"code": "patrol", "name": "巡查"})
        self.made("/skills", Role.OPERATOR, {"code": "first-aid", "name": "急救"})

    def made(self, path: str, by: Role | str, body: object = None) -> Any:
        """Write something that must succeed."""
        token = self.staff[by] if isinstance(by, Role) else by
        response = self.api.post(path, token, body, bank=self.bank.slug)
        assert response.status_code in {200, 201, 202}, (path, response.text)
        return response.json()

    def community(self) -> str:
        """Found a community with reviewers of its own."""
        body = {"name": f"社区{next(_serial)}"}
        community_id = str(self.made("/communities", Role.OPERATOR, body)["community_id"])
        seat(self.api.database, self.bank.bank_id, community_id)
        self.names[community_id] = body["name"]
        return community_id

    def member(self, community_id: str, *, phone: bool = True) -> Someone:
        """Take somebody in, signed in on a device."""
        serial = next(_serial)
        words = {
            "name": f"慕容金丝雀{serial}",
            "phone": f"1380000{serial:04d}",
            "document": f"11010519491231{serial:04d}",
        }
        if not phone:
            del words["phone"]
        self.canaries += words.values()
        made = self.made("/members", Role.ORGANISER, {"community_id": community_id, **words})
        member_id = str(made["member_id"])
        token = self.api.token(Role.MEMBER, bank=self.bank, member_id=member_id)
        return Someone(member_id, token, self.sit(member_id)[1])

    def sit(self, member_id: str) -> tuple[str, str]:
        """Sign a member in on one more device; returns the cookie's secret and the sitting."""
        secret = sittings.new_secret()
        sitting_id = self.api.database.write(
            self.bank.bank_id,
            OPERATOR,
            lambda unit: sittings.begin(
                unit,
                holder_id=member_id,
                secret_hash=sittings.hashed(secret),
                device="旧手机",
                staff=False,
                second_factor=False,
            ),
        )
        return secret, sitting_id

    def shop(self, community_id: str) -> Shop:
        """Take a shop in."""
        body = {
            "name": f"小店{next(_serial)}",
            "trade": "超市",
            "asset": "XYB",
            "community_id": community_id,
        }
        merchant_id = str(self.made("/merchants", Role.OPERATOR, body)["merchant_id"])
        path = f"/merchants/{merchant_id}"
        self.made(f"{path}/registers-volunteers", Role.OPERATOR, {"allowed": True})
        offer = self.made(f"{path}/offers", Role.OPERATOR, {"toml": STEP})
        till_id = str(self.made(f"{path}/tills", Role.OPERATOR, {"name": "一号台"})["till_id"])
        till = self.api.token(Role.TILL, bank=self.bank, till_id=till_id)
        return Shop(merchant_id, str(offer["offer_id"]), till_id, till)

    def cashier(self, shop: Shop) -> str:
        """Take a cashier on; from then on the shop's tills pay in a cashier's turn only."""
        name = f"欧阳金丝雀{next(_serial)}"
        self.canaries.append(name)
        path = f"/merchants/{shop.merchant_id}/cashiers"
        shop.cashier_id = self.made(path, Role.OPERATOR, {"name": name, "pin": PIN})["cashier_id"]
        return shop.cashier_id

    def publish(self, community_id: str, starts_at: datetime, **changes: object) -> str:
        """Publish a task of an hour."""
        body = {
            "title": "雨季巡查",
            "category": "patrol",
            "community_id": community_id,
            "place": "二号桥",
            "starts_at": starts_at.isoformat(),
            "ends_at": (starts_at + timedelta(hours=1)).isoformat(),
            "capacity": 20,
            "rewards": [{"asset": "XYB", "units": 50, "per": "person"}],
        }
        return str(self.made("/tasks", Role.ORGANISER, body | changes)["task_id"])

    def pay(self, who: Someone, shop: Shop) -> dict[str, str]:
        """Let a member pay at a shop."""
        self.api.clock.advance(seconds=31)
        code = self.made(f"/members/{who.member_id}/pay-codes", who.token)
        key = new_key()
        body = {"code": code["digits"], "cart_fen": 3000}
        answer = self.api.post("/scan-and-redeem", shop.till, body, key=key, bank=self.bank.slug)
        assert answer.status_code == 200, answer.text
        paid = answer.json()
        return {
            "redemption_id": paid["redemption_id"],
            "transfer_id": paid["transfer_id"],
            "request_id": key,
        }

    def attend(self, ids: dict[str, str], who: Someone) -> None:
        """Let the office do for a member all that can be done for one."""
        path, staff = f"/members/{who.member_id}", Role.ORGANISER
        seen = {"reason": "本人到场", "identity": "看过身份证"}
        ids["kin_id"] = self.member(ids["community_id"], phone=False).member_id
        named = {"delegate_member_id": ids["kin_id"], "points_day": 10}
        ids["card_id"] = self.made(f"{path}/cards", staff)["card_id"]
        ids["delegation_id"] = self.made(f"{path}/delegates", staff, named)["delegation_id"]
        for one in (who.member_id, ids["kin_id"]):
            self.made(f"/members/{one}/pin/at-office", staff, seen | {"pin": PIN})
            self.made(f"/members/{one}/pin/reset", staff, seen)
        calls = self.api.get("/call-list", self.staff[staff], bank=self.bank.slug).json()["items"]
        ids["call_id"] = next(
            one["notice_id"] for one in calls if one["member_id"] == ids["kin_id"]
        )
        other = Role.OPERATOR
        self.made(f"{path}/phone/at-office", other, seen | {"phone": self.phone()})
        helped = {"identity": "document_seen", "channel": "present", "reason": "忘带手机"}
        ids["assist_id"] = self.made(f"{path}/assists", staff, helped)["assist_id"]
        asked = self.made("/sign-in/codes", who.token, {"phone": self.phone()})
        ids["attempt_id"] = asked["attempt_id"]
        self.made(f"{path}/consents", who.token, {"purposes": ["photos"]})
        inbox = self.api.get(f"{path}/notices", who.token, bank=self.bank.slug).json()
        ids["notice_id"] = inbox["items"][0]["notice_id"]

    def gather(self, ids: dict[str, str], who: Someone) -> None:
        """Give a member a household, a team that somebody asks to join, and a note of thanks."""
        mate = self.member(ids["community_id"], phone=False)
        home = self.made("/households", Role.ORGANISER, {"head_id": who.member_id})
        ids |= {"mate_id": mate.member_id, "household_id": home["household_id"]}
        path = f"/households/{ids['household_id']}/members"
        self.made(path, Role.ORGANISER, {"member_id": mate.member_id, "standing": "adult"})
        led = {"leader_id": who.member_id, "community_id": ids["community_id"], "name": "先锋队"}
        ids["team_id"] = self.made("/teams", Role.ORGANISER, led)["team_id"]
        self.made(f"/teams/{ids['team_id']}/wishes", mate.token)
        both = {"member_id": who.member_id, "relative_id": mate.member_id, "relation": "sibling"}
        ids["relation_id"] = self.made("/relatives", Role.ORGANISER, both)["relation_id"]
        path = f"/members/{who.member_id}/skills"
        self.made(path, Role.ORGANISER, {"skill": "first-aid"})
        path = f"/claims/{ids['approved_id']}/thanks"
        ids["thanks_id"] = self.made(path, Role.ORGANISER, {"text": "谢谢您"})["thanks_id"]
        task_id = self.publish(ids["community_id"], self.api.clock.now() + timedelta(days=2))
        said = {"household_id": ids["household_id"], "member_ids": [who.member_id]}
        party = self.made(f"/tasks/{task_id}/family-claims", who.token, said)
        ids["party_id"] = party["party_id"]

    def part(self, ids: dict[str, str], who: Someone) -> None:
        """Let people leave the community: two rows merged, one moved away, one to be erased."""
        old, kept, gone = (self.member(ids["community_id"]) for _ in range(3))
        merge = {"old_id": old.member_id, "kept_id": kept.member_id, "reason": "同一人"}
        ids["merge_id"] = self.made("/merges", Role.ORGANISER, merge)["merge_id"]
        ids |= {"old_id": old.member_id, "kept_id": kept.member_id, "gone_id": gone.member_id}
        left = {"member_id": gone.member_id, "cause": "moved", "reason": "迁出"}
        ids["departure_id"] = self.made("/departures", Role.TREASURER, left)["departure_id"]
        erased = self.made(f"/members/{who.member_id}/erasures", who.token, {"goes": "expire"})
        ids["erasure_id"] = erased["erasure_id"]

    def appoint(self, ids: dict[str, str]) -> None:
        """Take somebody into office in the community, invite another, and make a token."""
        name = f"司马金丝雀{next(_serial)}"
        self.canaries.append(name)
        role = {"role": "organiser", "community_id": ids["community_id"]}
        ids["staff_id"] = self.office(name, role)["staff_id"]
        told = self.api.get(
            f"/staff/{ids['staff_id']}", self.staff[Role.OPERATOR], bank=self.bank.slug
        )
        ids["grant_id"] = told.json()["roles"][0]["grant_id"]
        again = self.made("/staff/invitations", Role.OPERATOR, {"name": name, "roles": [role]})
        ids["invitation_id"] = again["invitation_id"]
        third = self.made("/staff/invitations", Role.OPERATOR, {"name": name, "roles": [role]})
        ids["invitation"] = third["invitation"]
        token = {"role": "till", "till_id": ids["till_id"], "days": 30, "label": "program"}
        ids["token_id"] = self.made("/tokens", Role.OPERATOR, token)["token_id"]

    def office(self, name: str, role: dict[str, str]) -> dict[str, str]:
        """Let somebody accept an invitation into a role; returns how they are signed in."""
        link = self.made("/staff/invitations", Role.OPERATOR, {"name": name, "roles": [role]})
        shown = self.made("/staff/invitations/open", "nobody", {"invitation": link["invitation"]})
        seat = {
            "invitation": link["invitation"],
            "login": f"clerk-{next(_serial)}",
            "password": PASSWORD,
            "device": "办公电脑",
        }
        if shown["needs_second_factor"]:
            seat["code"] = TOTP(shown["secret"]).at(self.api.clock.now())
        self.api.client.cookies.clear()
        joined = self.made("/staff/invitations/accept", "nobody", seat)
        name, cookie = next(iter(self.api.client.cookies.items()))
        self.api.client.cookies.clear()
        return {
            "staff_id": joined["staff_id"],
            "Cookie": f"{name}={cookie}",
            "csrf": joined["csrf"],
        }

    def phone(self) -> str:
        """A phone of nobody yet."""
        phone = f"1390000{next(_serial):04d}"
        self.canaries.append(phone)
        return phone

    def upload(self) -> str:
        """Upload a journal."""
        answer = self.api.client.post(
            f"/v1/b/{self.bank.slug}/imports?asset=XYB",
            headers=bearer(self.staff[Role.OPERATOR])
            | {"Idempotency-Key": new_key(), "Content-Type": "text/csv"},
            content=journal(),
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["import_id"])

    def arrive(self, community_id: str) -> str:
        """Upload a list of members of a community by its page, as its office does."""
        name = f"司徒金丝雀{next(_serial)}"
        self.canaries.append(name)
        content = f"姓名,社区\r\n{name},{self.names[community_id]}\r\n".encode()
        secret = self.staff[Role.ORGANISER]
        answer = self.api.client.post(
            f"/b/{self.bank.slug}/office/imports",
            headers={"Cookie": f"cb-{self.bank.slug}.office={secret}"},
            data={"key": new_key(), "csrf": sittings.csrf_of(secret)},
            files={"file": ("a.csv", content, "text/csv")},
            follow_redirects=False,
        )
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"].rpartition("/")[2])

    def plan(self, ids: dict[str, str], who: Someone) -> None:
        """Give a community a series, an organisation on duty, and a member a pair and an entry."""
        elder = self.member(ids["community_id"], phone=False)
        reward = {"asset": "XYB", "units": 5, "per": "person"}
        series = self.made(
            "/series",
            Role.ORGANISER,
            {
                "rule": "FREQ=DAILY;COUNT=3",
                "first_on": "2026-03-09",
                "starts": "19:00",
                "lasts_minutes": 60,
                "title": "夜间巡逻",
                "category": "patrol",
                "community_id": ids["community_id"],
                "place": "东门",
                "capacity": 3,
                "rewards": [reward],
            },
        )
        ids |= {"series_id": series["series_id"], "series_task_id": series["task_ids"][0]}
        pair = {"elder_id": elder.member_id, "category": "patrol", "rewards": [reward]}
        pair["volunteer_id"] = who.member_id
        ids["elder_id"] = elder.member_id
        ids["pair_id"] = self.made("/pairs", Role.ORGANISER, pair)["pair_id"]
        need = {"kind": "need", "title": "楼道灯坏了", "details": "三单元"}
        ids["entry_id"] = self.made("/lists", who.token, need)["entry_id"]
        named = {"name": f"共建单位{next(_serial)}"}
        made = self.made("/organisations", Role.ORGANISER, named)
        ids["organisation_id"] = made["organisation_id"]
        weeks = {"first_week": "2026-03-02", "weeks": 2, "community_id": ids["community_id"]}
        weeks["organisation_ids"] = [ids["organisation_id"]]
        self.api.post("/rota", self.staff[Role.ORGANISER], weeks, bank=self.bank.slug)

    def photo(self, claim_id: str, who: Someone) -> str:
        """Add a photo to a service."""
        answer = self.api.client.post(
            f"/v1/b/{self.bank.slug}/claims/{claim_id}/photos",
            headers=bearer(who.token)
            | {"Idempotency-Key": new_key(), "Content-Type": "application/octet-stream"},
            content=picture(),
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["photo_id"])

    def code(self, who: Someone) -> dict[str, str]:
        """Give a member a pay code that is live at the end."""
        made = self.made(f"/members/{who.member_id}/pay-codes", who.token)
        return {"pay_code_id": made["pay_code_id"], "digits": made["digits"]}

    def about(self, community_id: str, who: Someone, shop: Shop) -> dict[str, str]:
        """The ids that are there before anybody has served."""
        return {
            "community_id": community_id,
            "member_id": who.member_id,
            "sitting_id": who.sitting_id,
            "merchant_id": shop.merchant_id,
            "offer_id": shop.offer_id,
            "till_id": shop.till_id,
        }


def picture() -> bytes:
    """A small picture."""
    out = BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    return out.getvalue()


def journal() -> str:
    """A journal that was not uploaded yet."""
    line = f"row-{next(_serial)},2026-01-05T10:00:00+08:00,issue,grants,old,5"
    return f"key,occurred_at,kind,source,destination,amount\n{line}\n"


def bearer(token: str) -> dict[str, str]:
    """The header of a token."""
    return {"Authorization": f"Bearer {token}"}
