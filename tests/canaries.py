"""Canaries: words that name a person, spread over the main journeys and looked for afterwards."""

import io
from collections.abc import Iterable, Iterator

from PIL import Image
from sqlalchemy import select

from api import schema
from creditbank.core.database import Database
from creditbank.core.engines import is_sqlite, sqlite_path
from creditbank.identity.roles import Role
from tests.web import Web, new_key

NAME = "金丝雀花"
PHONE = "13912345678"
NEW_PHONE = "13887654321"
DOCUMENT = "110101199003071234"
BORN_ON = "1990-03-07"
ADDRESS = "金丝雀巷七号楼"
NOTES = "爱唱歌的金丝雀"
WHY = "为核对金丝雀的参保资料"
REFUSED = "金丝雀没有到二号桥"
DEVICE = "金丝雀的手机"
NOTE = "金丝雀说桥下积了水"
DISPUTE = "金丝雀那天确实在桥边"
THANKS = "谢谢金丝雀送来的早饭"
THANKS_REFUSED = "金丝雀的锦旗写错了人"
WORD = "金丝雀说他陪了一下午"
ENTRY = "金丝雀家楼道的灯坏了"
ENTRY_CLOSED = "金丝雀家的灯已由物业修好"
OFFER = "金丝雀会修老式收音机"
NEED = "金丝雀独居又做过手术"
NEED_ENDED = "金丝雀的女儿搬回来了"
TOLD = "金丝雀耳背，请大声敲门"
PARTED = "金丝雀与志愿者合不来"
PLACE = "CANARY-PLACE"

TEXTS = (
    *(NOTE, DISPUTE, THANKS, THANKS_REFUSED, WORD, ENTRY, ENTRY_CLOSED, OFFER, NEED, NEED_ENDED),
    *(TOLD, PARTED),
)
WORDS = (NAME, PHONE, NEW_PHONE, DOCUMENT, BORN_ON, ADDRESS, NOTES, WHY, REFUSED, *TEXTS)


class Journey:
    """One member with canary data who does what members do; collects the secrets met on the way."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.secrets: list[str] = []
        self.codes: list[str] = []

    def run(self) -> str:
        """Join, serve, be refused and approved, pay, be revealed, be corrected, leave."""
        web = self.web
        body = {"name": NAME, "phone": PHONE, "document": DOCUMENT, "born_on": BORN_ON}
        home = {"community_id": web.community()}
        member_id = str(web.made("/members", web.organiser, body | home)["member_id"])
        token = web.token(Role.MEMBER, member_id=member_id)
        self.secrets.append(token)
        self._serve(token)
        self._pay(member_id, token)
        self._look(member_id, token)
        self._stand_up(token)
        self._be_helped(member_id, token)
        self._live_here(member_id, token)
        self._stumble(member_id, token)
        self._export(member_id, token)
        return member_id

    def _serve(self, token: str) -> None:
        claim = self.web.served(token)
        self.web.made(f"/claims/{claim}/reject", self.web.reviewer, {"reason": REFUSED})
        claim = self.web.served(token, 40)
        self.web.made(f"/claims/{claim}/approve", self.web.reviewer, {})

    def _pay(self, member_id: str, token: str) -> None:
        _, _, till = self.web.shop()
        digits = self.web.pay_code(member_id, token)
        self.secrets.append(till)
        self.codes.append(digits)
        self.web.made("/scan-and-redeem", till, {"code": digits, "cart_fen": 6_000})
        self.web.post("/scan-and-redeem", till, {"code": digits, "cart_fen": 6_000})

    def _look(self, member_id: str, token: str) -> None:
        web = self.web
        fields = ["name", "phone", "document", "born_on", "address"]
        asked = {"fields": fields, "reason": WHY}
        assert NAME in web.post(f"/members/{member_id}/reveal", web.organiser, asked).text
        path = f"/members/{member_id}/personal-data"
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_key()}
        kept = {"address": ADDRESS, "notes": NOTES}
        assert web.client.patch(f"/v1/b/trust{path}", headers=headers, json=kept).is_success
        corrected = {"document": DOCUMENT, "born_on": BORN_ON, "reason": WHY}
        web.made(f"{path}/corrections", web.organiser, corrected)

    def _stand_up(self, token: str) -> None:
        """Show a service by a note and a photo, dispute its rejection, be thanked for it."""
        web = self.web
        claim = web.served(token, 5)
        web.made(f"/claims/{claim}/notes", token, {"text": NOTE})
        sent = web.client.post(
            f"/v1/b/trust/claims/{claim}/photos",
            content=_photo(),
            headers={
                "Authorization": f"Bearer {token}",
                "Idempotency-Key": new_key(),
                "Content-Type": "application/octet-stream",
            },
        )
        assert sent.is_success, sent.text
        web.made(f"/claims/{claim}/reject", web.reviewer, {"reason": "没有签到"})
        web.made(f"/claims/{claim}/dispute", token, {"reason": DISPUTE})
        second = web.token(Role.REVIEWER)
        web.made(f"/claims/{claim}/approve", second, {})
        thanks = web.made(f"/claims/{claim}/thanks", web.organiser, {"text": THANKS})
        path = f"/thanks/{thanks['thanks_id']}/refuse"
        web.made(path, web.reviewer, {"reason": THANKS_REFUSED})

    def _be_helped(self, member_id: str, token: str) -> None:
        """Be paired and parted, say of a service that it was done, be in need for a while."""
        web = self.web
        other_id, other = web.member()
        task = web.publish(beneficiary_id=member_id)
        claim = str(web.made(f"/tasks/{task}/claims", other, {})["claim_id"])
        web.clock.advance(minutes=30)
        web.made(f"/claims/{claim}/sign-in", other)
        web.clock.advance(minutes=60)
        web.made(f"/claims/{claim}/sign-out", other)
        web.made(f"/claims/{claim}/confirmation", token, {"agrees": True, "word": WORD})
        category = web.get(f"/tasks/{task}", other).json()["category"]
        paired = {"elder_id": member_id, "volunteer_id": other_id, "category": category}
        paired["rewards"] = [{"asset": "XYB", "units": 1, "per": "person"}]
        pair = web.made("/pairs", web.organiser, paired | {"told": TOLD})["pair_id"]
        ended = {"cause": "moved", "reason": PARTED}
        web.made(f"/pairs/{pair}/end", web.organiser, ended)
        head = web.token(Role.COMMUNITY_HEAD)
        named = web.made("/needy", head, {"member_id": member_id, "reason": NEED})
        web.made(f"/needy/{named['needy_id']}/end", head, {"reason": NEED_ENDED})

    def _live_here(self, member_id: str, token: str) -> None:
        """Raise something for the lists, and offer a service to others."""
        web = self.web
        entry = web.made("/lists", token, {"kind": "need", "title": "修灯", "details": ENTRY})
        path = f"/lists/{entry['entry_id']}/close"
        web.made(path, web.organiser, {"reason": ENTRY_CLOSED})
        rules = {"exchange_asset": "XYB", "exchange_units_hour": 4}
        rules |= {"assets": [{"asset": "XYB", "reward_most": 100}]}
        adopted = {"parameters": rules, "effective_from": f"{web.clock.now():%Y-%m-%d}"}
        web.made("/scheme", web.operator, adopted)
        offer = {"kind": "offer", "title": "修收音机", "category": "维修", "minutes": 60}
        web.made(f"/members/{member_id}/services", token, offer | {"details": OFFER})

    def _stumble(self, member_id: str, token: str) -> None:
        """Send what is refused: errors must not say it back."""
        web = self.web
        bad = [
            ("/members", web.organiser, {"name": NAME, "phone": PHONE, "community_id": "x"}),
            ("/members", web.organiser, {"name": NAME * 30, "phone": f"{PHONE}{PHONE}"}),
            ("/members", token, {"name": NAME, "document": DOCUMENT}),
            (f"/members/{member_id}/reveal", token, {"fields": ["name"], "reason": WHY}),
            ("/lists", token, {"kind": NEED, "title": NAME, "details": ENTRY}),
            ("/needy", token, {"member_id": member_id, "reason": NEED}),
            (f"/members/{member_id}/services", token, {"title": OFFER, "details": OFFER * 60}),
            ("/pairs", web.organiser, {"elder_id": member_id, "told": f"{TOLD}\u202e"}),
            ("/claims/clm_00000000000000000000000000/dispute", token, {"reason": DISPUTE * 30}),
            (f"/members/{member_id}/reveal", web.organiser, {"fields": [NAME], "reason": WHY}),
            (
                f"/members/{member_id}/personal-data/corrections",
                web.organiser,
                {"document": f"{DOCUMENT}金丝雀", "reason": WHY},
            ),
        ]
        for path, who, body in bad:
            answer = web.post(path, who, body)
            assert 400 <= answer.status_code < 500, answer.text
            assert [] == found_in(answer.text, WORDS)
            assert [] == found_in(str(answer.url), WORDS)

    def _export(self, member_id: str, token: str) -> None:
        for path in ("export", "export.html"):
            answer = self.web.get(f"/members/{member_id}/{path}", token)
            assert answer.is_success
            assert [] == sorted(set(WORDS) - {NEW_PHONE} - set(found_in(answer.text, WORDS)))


def _photo() -> bytes:
    """A picture that says where it was taken."""
    said = Image.Exif()
    said[0x010E] = PLACE
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(out, "JPEG", exif=said)
    assert PLACE.encode() in out.getvalue()
    return out.getvalue()


def found_in(text: str, words: Iterable[str]) -> list[str]:
    """Which of these words stand in a text."""
    return [word for word in words if word in text]


def everything_in(database: Database) -> Iterator[str]:
    """All that a database holds: the bytes of a SQLite file and its log, and every row as text."""
    yield file_of(database)
    yield from rows_of(database)


def file_of(database: Database) -> str:
    """The bytes of a SQLite file and its log, without the keys beside it; else nothing."""
    if not is_sqlite(database.url):
        return ""
    path = sqlite_path(database.url)
    files = [one for one in path.parent.glob(f"{path.name}*") if ".keys" not in one.name]
    return "".join(one.read_bytes().decode("utf-8", errors="replace") for one in files)


def rows_of(database: Database) -> Iterator[str]:
    """Every row of every table, as text."""
    with database.writer._engine.connect() as connection:
        for table in schema.metadata().sorted_tables:
            query = select(table)
            if "bank_id" in table.columns:
                query = query.where(table.c.bank_id >= 0)
            for row in connection.execute(query):
                yield repr(tuple(row))
