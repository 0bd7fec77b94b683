"""A chain from the WeChat group: names matched, doubtful ones asked, all claimed once."""

from __future__ import annotations

import re

from sqlalchemy import select

from api import schema
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import View
from creditbank.identity.roles import Role
from tests.pages import Shown, Visitor
from tests.web import Web, opened

EVIL = "<script>alert(1)</script>"


class Street:
    """A community with members of some names, and a need there."""

    def __init__(self, web: Web, *names: str, capacity: int = 10) -> None:
        self.web = web
        self.community = web.community()
        self.people = {
            f"{name}{n}": str(
                web.made(
                    "/members",
                    web.organiser,
                    {
                        "name": name,
                        "community_id": self.community,
                        "phone": f"138000010{n:02}",
                    },
                )["member_id"]
            )
            for n, name in enumerate(names)
        }
        self.task = web.publish(community_id=self.community, capacity=capacity)
        self.visitor = Visitor(web.client, office=web.organiser)

    def pasted(self, chain: str) -> Shown:
        """The page that asks about the names of a chain."""
        form = self.visitor.get("/office/chain").form("/office/chain")
        return form.send(task_id=self.task, text=chain)

    def claimed(self) -> dict[str, str]:
        """The state of everybody's claim, by member."""
        found = self.web.get(f"/tasks/{self.task}/claims", self.web.organiser).json()
        return {one["member_id"]: one["state"] for one in found}


def ticked(shown: Shown) -> list[str]:
    """Who is ticked from the start."""
    boxes = shown.soup.select("input[type=checkbox][name=who]")
    return [str(one["value"]) for one in boxes if one.has_attr("checked")]


def test_names_that_one_has_are_claimed_in_one_go(database: Database, clock: ManualClock) -> None:
    """Three names, three members: ticked, claimed by one tap, and by a second tap no more."""
    with opened(database, clock) as web:
        street = Street(web, "张三", "李四", "王五")
        asked = street.pasted("#接龙\n扫雪\n\n1. 张三\n2、李四（家属1）\n３ 王五 ＋1")
        assert 200 == asked.status, asked.text
        assert sorted(street.people.values()) == sorted(ticked(asked))
        assert "另带 1 人" in asked.text
        form = asked.form("/chain/claims")
        done = form.send()
        assert 200 == done.status, done.text
        assert dict.fromkeys(street.people.values(), "placed") == street.claimed()
        again = form.send()
        assert 200 == again.status
        assert 3 == web.get(f"/tasks/{street.task}", web.organiser).json()["placed"]
        assert done.text == again.text


def test_a_name_of_two_is_asked_never_guessed(database: Database, clock: ManualClock) -> None:
    """Namesakes are told apart by number and the phone's tail; left alone, nobody is claimed."""
    with opened(database, clock) as web:
        street = Street(web, "张三", "张三", "李四")
        asked = street.pasted("1. 张三\n2. 李四")
        assert [street.people["李四2"]] == ticked(asked)
        choices = asked.soup.find("select", attrs={"name": "who"})
        assert choices is not None
        said = [one.get_text() for one in choices.find_all("option")]
        assert "先不加入" == said[0]
        assert ["尾号 1000", "尾号 1001"] == [
            re.findall("尾号 [0-9]{4}", one)[0] for one in said[1:]
        ]
        assert "张三" not in " ".join(said)
        asked.form("/chain/claims").send()
        assert {street.people["李四2"]: "placed"} == street.claimed()
        chosen = street.pasted("1. 张三").form("/chain/claims").send(who=[street.people["张三1"]])
        assert "已报名" in chosen.text
        assert street.people["张三0"] not in street.claimed()


def test_a_number_settles_who_was_not_found(database: Database, clock: ManualClock) -> None:
    """Nobody is called so: a number may be typed; an unknown number is refused, nobody claimed."""
    with opened(database, clock) as web:
        street = Street(web, "张三", "钱秀英")
        number = web.get(f"/members/{street.people['钱秀英1']}", web.organiser).json()["number"]
        asked = street.pasted("1. 张三\n2. 钱阿姨")
        assert "没有找到" in asked.text
        refused = asked.form("/chain/claims").send(number="M9999")
        assert "没有这个编号" in refused.text
        assert {} == street.claimed()
        street.pasted("1. 张三\n2. 钱阿姨").form("/chain/claims").send(number=number.lower())
        assert dict.fromkeys(street.people.values(), "placed") == street.claimed()


def test_each_row_says_what_became_of_it(database: Database, clock: ManualClock) -> None:
    """Claimed already, elsewhere at that time, and full: each is told, the others go on."""
    with opened(database, clock) as web:
        street = Street(web, "张三", "李四", "王五", "赵六", capacity=2)
        ids = list(street.people.values())
        web.made(f"/tasks/{street.task}/claims", web.organiser, {"member_id": ids[0]})
        other = web.publish(community_id=street.community)
        web.made(f"/tasks/{other}/claims", web.organiser, {"member_id": ids[1]})
        asked = street.pasted("1. 张三\n2. 李四\n3. 王五\n4. 赵六")
        assert "已在名单上" in asked.text
        done = asked.form("/chain/claims").send(who=ids)
        assert "已经认领过" in done.text
        assert "时间冲突" in done.text
        assert "候补第 1 号" in done.text
        assert {ids[0]: "placed", ids[2]: "placed", ids[3]: "waiting"} == street.claimed()


def test_others_members_and_needs_are_not_reached(database: Database, clock: ManualClock) -> None:
    """An organiser of another community neither finds the need nor its people."""
    with opened(database, clock) as web:
        street = Street(web, "张三")
        elsewhere = web.community()
        other = Visitor(web.client, office=web.token(Role.ORGANISER, community_id=elsewhere))
        own = web.publish(community_id=elsewhere)
        form = other.get("/office/chain").form("/office/chain")
        assert street.task not in form.choices["task_id"]
        assert 404 == form.send(task_id=street.task, text="1. 张三").status
        asked = form.send(task_id=own, text="1. 张三")
        assert "没有找到" in asked.text
        done = asked.form("/chain/claims").send(who=list(street.people.values()))
        assert (422, False) == (done.status, "张" in done.text), "not even who was meant"
        assert [] == web.get(f"/tasks/{own}/claims", web.organiser).json()
        assert 403 == Visitor(web.client, office=web.reviewer).get("/office/chain").status


def test_what_was_pasted_is_kept_nowhere(database: Database, clock: ManualClock) -> None:
    """No column of any table holds a word of the chain afterwards."""
    with opened(database, clock) as web:
        street = Street(web, "慕容雪莲")
        street.pasted("#接龙 \n1. 慕容雪莲 下午带梯子来").form("/chain/claims").send()
        assert ["placed"] == list(street.claimed().values())

        def holding(view: View) -> list[str]:
            tables = [one for one in schema.metadata().sorted_tables if "bank_id" in one.c]
            return [
                one.name
                for one in tables
                for row in view.rows(select(one).where(one.c.bank_id == view.bank_id))
                if "慕容" in str(row) or "梯子" in str(row)
            ]

        assert [] == database.read(web.bank.bank_id, holding)


def test_markup_in_a_chain_stays_words(database: Database, clock: ManualClock) -> None:
    """A remark of markup is shown as it was pasted."""
    with opened(database, clock) as web:
        street = Street(web, "张三")
        asked = street.pasted(f"1. 张三 {EVIL}\n2. {EVIL}\n{EVIL}")
        assert EVIL in asked.soup.get_text()
        assert "alert(1)" not in "".join(one.text for one in asked.soup.find_all("script"))
        assert "没有读成名字" in asked.text
        assert "没有读出名字" in street.pasted("？？？").text
