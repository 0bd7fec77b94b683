"""Import of members: errors before anything is written, a second person for points, no doubles."""

import json
from concurrent.futures import Future

import pytest
from sqlalchemy import func, select

from api.scheduler import WORKS, Work, run_due
from creditbank import jobs
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.pace import Pace
from creditbank.core.units import Actor, Declined, Unit, View
from creditbank.identity import arrival_parts, arrival_slices, arrivals
from creditbank.identity.arrival_states import ArrivalState
from creditbank.identity.roles import Role
from creditbank.jobs import Lease
from creditbank.ledger import chart, statements
from creditbank.people import members, persons
from tests.pages import Shown, Visitor
from tests.web import Web, opened

ARRIVE: list[Work] = [one for one in WORKS if one.kind == arrival_slices.KIND]
XSS = "<script>alert(1)</script>"


def place(web: Web, name: str) -> str:
    """A community of this name."""
    return str(web.made("/communities", web.operator, {"name": name})["community_id"])


def listed(*rows: str, head: str = "姓名,手机号,出生日期,社区,期初信义贝") -> bytes:
    """A CSV as offices keep it."""
    return ("\r\n".join([head, *rows]) + "\r\n").encode("gb18030")


def sent(visitor: Visitor, content: bytes, name: str = "名单.csv") -> Shown:
    """Upload a file by the page's own form."""
    form = visitor.get("/office/imports").form("/office/imports")
    fields = {one: said[0] for one, said in form.fields.items()}
    return visitor.post("/office/imports", fields, files={"file": (name, content, "text/csv")})


def people(web: Web) -> int:
    """How many members there are."""
    return web.database.read(
        web.bank.bank_id,
        lambda view: view.connection.execute(
            select(func.count())
            .select_from(members.members)
            .where(members.members.c.bank_id == view.bank_id)
        ).scalar_one(),
    )


def balance(web: Web, name: str) -> int:
    """What the member of a name has."""

    def look(view: View) -> int:
        [member_id] = persons.looked_up(view, persons.NAME, name)
        return sum(one.available for one in statements.balances(view, chart.member(member_id)))

    return web.database.read(web.bank.bank_id, look)


def test_every_error_is_shown_by_row_and_nothing_is_written(
    database: Database, clock: ManualClock
) -> None:
    """Errors of the file and of the books are shown by row and column; nobody was written."""
    with opened(database, clock) as web:
        at = place(web, "桥西社区")
        known = {"name": "老张", "community_id": at, "phone": "13800000009"}
        web.made("/members", web.organiser, known)
        visitor = Visitor(web.client, office=web.organiser)
        before = people(web)
        shown = sent(
            visitor,
            listed(
                "张三,1.38E+10,1956.3.1,桥西社区,10",
                f"{XSS},13800000001,1956-2-31,桥西社区,10",
                "李四,13800000009,,桥西社区,10",
            ),
        )
        assert 200 == shown.status, shown.text
        rows = [
            [cell.get_text(strip=True) for cell in row.find_all("td")][:2]
            for row in shown.soup.find_all("tr")[1:]
        ]
        assert [["2", "手机号"], ["3", "出生日期"], ["4", "手机号"]] == rows
        assert "GB18030" in shown.text
        assert "这个手机号已是成员" in shown.text
        assert "还没有写入任何人" in shown.text
        assert not [one for one in shown.forms() if one.action.endswith("/begin")]
        assert XSS not in shown.html
        assert before == people(web)
        body = {key: said[0] for key, said in shown.form("/drop").fields.items()}
        refused = visitor.post(f"{shown.path}/begin", body | {"key": "begin-anyway-0001"})
        assert 409 == refused.status
        assert "3 处错误" in refused.text


def test_a_list_is_written_and_its_points_want_a_second_person(
    database: Database, clock: ManualClock
) -> None:
    """Members come in by the job; their points only after another person confirmed the total."""
    with opened(database, clock) as web:
        place(web, "桥西社区")
        visitor = Visitor(web.client, office=web.organiser)
        shown = sent(
            visitor,
            listed(
                "张三,13800000001,1956.3.1,桥西社区,10", f"{XSS},,,桥西社区,5", "李四,,,桥西社区,"
            ),
        )
        assert "合计 15" in shown.text
        assert "张三" in shown.text
        assert XSS not in shown.html
        assert "张三" not in Visitor(web.client, office=web.operator).get(shown.path).text
        assert "3 / 3" not in shown.form("/begin").send().text
        run_due(database, "worker", ARRIVE)
        waits = visitor.get(shown.path)
        assert "等待第二人核对" in waits.text
        assert (0, 0) == (balance(web, "张三"), balance(web, XSS))
        assert not [one for one in waits.forms() if one.action.endswith("/confirm")]

        second = Visitor(web.client, office=web.reviewer)
        assert "导入待确认" in second.get("/office").text
        confirm = second.get(shown.path).form("/confirm")
        assert "合计已变化" in confirm.send(totals="XYB=16", key="another-key-0001").text
        confirm.send()
        assert "0 / 2 笔" in visitor.get(shown.path).text
        confirm.send()
        run_due(database, "worker", ARRIVE)
        run_due(database, "worker", ARRIVE)
        assert (10, 5, 0) == (balance(web, "张三"), balance(web, XSS), balance(web, "李四"))
        assert "已登记 3 人" in visitor.get(shown.path).text


def test_who_uploaded_a_list_does_not_confirm_it(database: Database, clock: ManualClock) -> None:
    """A community head may upload and may confirm, but not both, nor on another's behalf twice."""
    with opened(database, clock) as web:
        place(web, "桥西社区")
        head = web.token(Role.COMMUNITY_HEAD)
        mine = Visitor(web.client, office=head)
        path = sent(mine, listed("张三,,,桥西社区,10")).path
        mine.get(path).form("/begin").send()
        run_due(database, "worker", ARRIVE)
        page = mine.get(path)
        assert "不能自己确认" in page.text
        assert "导入待确认" not in mine.get("/office").text
        body = {"key": "confirm-my-own-01", "csrf": page.form("/decline").fields["csrf"][0]}
        refused = mine.post(f"{path}/confirm", body | {"totals": "XYB=10"})
        assert 409 == refused.status
        assert "请另一位工作人员来办" in refused.text
        page.form("/decline").send()
        run_due(database, "worker", ARRIVE)
        assert 0 == balance(web, "张三")
        again = Visitor(web.client, office=web.reviewer).post(
            f"{path}/confirm", body | {"totals": "XYB=10", "key": "confirm-later-001"}
        )
        assert again.status in {403, 409}


def test_an_import_holds_where_the_right_holds(database: Database, clock: ManualClock) -> None:
    """An organiser of one community imports there only; others' lists are not theirs to see."""
    with opened(database, clock) as web:
        west, east = place(web, "桥西社区"), place(web, "桥东社区")
        of_west = Visitor(web.client, office=web.token(Role.ORGANISER, community_id=west))
        of_east = Visitor(web.client, office=web.token(Role.ORGANISER, community_id=east))
        faulty = sent(of_west, listed("张三,,,桥东社区,"))
        assert "不在您负责的范围" in faulty.text
        fine = sent(of_west, listed("张三,,,桥西社区,"))
        assert "检查通过" in fine.text
        assert 403 == of_east.get(fine.path).status
        assert fine.path not in of_east.get("/office/imports").links()
        assert fine.path in of_west.get("/office/imports").links()
        member = Visitor(web.client, office=web.member()[1])
        assert 403 == member.get("/office/imports").status
        assert (
            403
            == Visitor(web.client, office=web.reviewer).get("/office/imports/template.xlsx").status
        )


def test_a_crash_in_the_middle_doubles_nobody(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slice that was lost is done again; a line whose phone came in meanwhile is told."""
    monkeypatch.setattr(arrival_slices, "PACE", Pace(4, most=7))
    with opened(database, clock) as web:
        at = place(web, "桥西社区")
        visitor = Visitor(web.client, office=web.organiser)
        rows = [f"人{n},1380000{n:04d},,桥西社区,1" for n in range(30)]
        path = sent(visitor, listed(*rows)).path
        visitor.get(path).form("/begin").send()
        before = people(web)
        web.made(
            "/members",
            web.organiser,
            {"name": "抢先", "community_id": at, "phone": "13800000029"},
        )

        worker = Actor(f"job/{arrival_slices.KIND}", "job")
        bank_id = web.bank.bank_id

        def taken(unit: Unit) -> Lease:
            lease = jobs.take(unit, kind=arrival_slices.KIND, owner="first")
            assert lease is not None
            return lease

        lease = database.write(bank_id, worker, taken)
        for _ in range(2):
            database.write(bank_id, worker, lambda unit: arrival_slices.run_slice(unit, lease))

        def crash(unit: Unit) -> None:
            arrival_slices.run_slice(unit, lease)
            raise RuntimeError("the machine stopped")

        lost = database.writer.submit(bank_id, worker, crash)
        assert isinstance(lost.exception(), RuntimeError)
        written = people(web) - before - 1
        assert 4 + 4 <= written <= 4 + 7, "two slices, the second as large as the pace says"
        clock.advance(seconds=jobs.LEASE_S + 1)
        run_due(database, "worker", ARRIVE)
        run_due(database, "worker", ARRIVE)
        assert before + 30 == people(web)
        shown = visitor.get(path)
        assert "没有写入的行" in shown.text
        assert "这个手机号已是成员" in shown.text
        assert "合计 29" in shown.text


def test_a_file_in_which_nobody_stands_is_told(database: Database, clock: ManualClock) -> None:
    """An empty file, one with a head alone, and one with bad rows alone leave nothing to write."""
    with opened(database, clock) as web:
        place(web, "桥西社区")
        visitor = Visitor(web.client, office=web.organiser)
        assert "没有找到表头" in sent(visitor, b"").text
        assert "表头下面没有人" in sent(visitor, listed()).text
        rows = [f"人{n},1380000{n:04d},,没有的社区,1" for n in range(350)]
        shown = sent(visitor, listed(*rows))
        assert "有 350 处要改" in shown.text
        assert "前 300 处" in shown.text

        def stored(view: View) -> int:
            of = arrival_parts.parts.c
            return len(view.rows(select(of.n).where(of.bank_id == view.bank_id)))

        good = [f"人{n},1380000{n:04d},,桥西社区,1" for n in range(230)]
        late = sent(visitor, listed(*good, "人,1,,桥西社区,1"))
        assert "有 1 处要改" in late.text
        assert 0 == database.read(web.bank.bank_id, stored)


def test_the_same_file_is_written_once(database: Database, clock: ManualClock) -> None:
    """Uploaded anew after a lost answer, a list of people without phones doubles nobody."""
    with opened(database, clock) as web:
        place(web, "桥西社区")
        visitor = Visitor(web.client, office=web.organiser)
        content = listed("张三,,,桥西社区,10", "李四,,,桥西社区,")
        first, second, third = (sent(visitor, content).path for _ in range(3))
        assert 3 == len({first, second, third})
        visitor.get(third).form("/drop").send()
        before, late = people(web), visitor.get(second).form("/begin")
        visitor.get(first).form("/begin").send()
        refused = late.send()
        assert (409, True) == (refused.status, "同一份文件已经写入过" in refused.text)
        run_due(database, "worker", ARRIVE)
        assert before + 2 == people(web)
        visitor.get(second).form("/drop").send()
        other = sent(visitor, listed("王五,,,桥西社区,"))
        assert "正在写入" in other.form("/begin").send().text


def test_two_who_begin_the_same_file_at_once(database: Database, clock: ManualClock) -> None:
    """Of two lists of one file that are begun in the same moment, one is written."""
    with opened(database, clock) as web:
        place(web, "桥西社区")
        visitor = Visitor(web.client, office=web.organiser)
        content = listed("张三,,,桥西社区,10")
        ids = [sent(visitor, content).path.rpartition("/")[2] for _ in range(4)]

        def begun(arrival_id: str) -> Future[ArrivalState]:
            def begin(unit: Unit) -> ArrivalState | Declined:
                return arrivals.begin(unit, arrival_id=arrival_id, key=f"begin-{arrival_id}")

            actor = Actor("stf_racer", "organiser")
            return database.writer.submit(web.bank.bank_id, actor, begin)

        ended = [one.exception() for one in [begun(arrival_id) for arrival_id in ids]]
        assert 1 == ended.count(None)
        assert {"ArrivalRepeated"} == {type(one).__name__ for one in ended if one is not None}


def test_no_name_waits_in_plain(database: Database, clock: ManualClock) -> None:
    """While a list waits, and after, no name or phone of it stands in any table; the key goes."""
    with opened(database, clock) as web:
        place(web, "桥西社区")
        visitor = Visitor(web.client, office=web.organiser)
        path = sent(visitor, listed("欧阳金丝雀,13812345678,,桥西社区,3")).path
        faulty = sent(visitor, listed("欧阳金丝雀,13812345678,1956-2-31,桥西社区,3")).path
        assert _nowhere(web, "欧阳金丝雀", "13812345678")
        visitor.get(path).form("/begin").send()
        visitor.get(faulty).form("/drop").send()
        run_due(database, "worker", ARRIVE)
        assert _nowhere(web, "欧阳金丝雀", "13812345678")

        def left(view: View) -> tuple[int, int]:
            keys = [one.key_id for one in arrivals.listing(view)]
            of = arrival_parts.parts
            parts = view.rows(select(of.c.n).where(of.c.bank_id == view.bank_id))
            return len([one for one in keys if one is not None]), len(parts)

        assert (0, 0) == database.read(web.bank.bank_id, left)


def _nowhere(web: Web, *words: str) -> bool:
    """Whether no cell of any table holds one of these words."""

    def look(view: View) -> bool:
        for of in members.members.metadata.sorted_tables:
            if "bank_id" not in of.c:
                continue
            for row in view.rows(select(of).where(of.c.bank_id == view.bank_id)):
                text = "\n".join(
                    cell.decode("latin-1") if isinstance(cell, bytes) else _said(cell)
                    for cell in row
                )
                if any(word in text or word.encode().decode("latin-1") in text for word in words):
                    return False
        return True

    return web.database.read(web.bank.bank_id, look)


def _said(cell: object) -> str:
    return json.dumps(cell, ensure_ascii=False, default=str)


def test_an_old_list_is_dropped_by_itself(database: Database, clock: ManualClock) -> None:
    """A list that nobody wrote is gone after a week, with what waited of it."""
    with opened(database, clock) as web:
        place(web, "桥西社区")
        visitor = Visitor(web.client, office=web.organiser)
        path = sent(visitor, listed("张三,,,桥西社区,")).path
        run_due(database, "worker", ARRIVE)
        assert "检查通过" in visitor.get(path).text
        clock.advance(days=8)
        run_due(database, "worker", ARRIVE)
        assert "已放弃" in visitor.get(path).text


def test_the_same_upload_twice_is_one_list(database: Database, clock: ManualClock) -> None:
    """A form that is sent again with its key leads to the list of the first time."""
    with opened(database, clock) as web:
        place(web, "桥西社区")
        visitor = Visitor(web.client, office=web.organiser)
        form = visitor.get("/office/imports").form("/office/imports")
        fields = {one: said[0] for one, said in form.fields.items()}
        content = listed("张三,,,桥西社区,")
        several = {
            visitor.post("/office/imports", fields, files={"file": ("a.csv", content)}).path
            for _ in range(2)
        }
        assert 1 == len(several)
        for name in ("template.xlsx", "template.csv"):
            assert 200 == visitor.get(f"/office/imports/{name}").status
