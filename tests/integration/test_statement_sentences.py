"""Statements in plain words: what moved the points, where, from whom, by month."""

from api.scheduler import Work, run_due
from api.words import statements as statement_sentences
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import View
from creditbank.ledger import chart, statements
from creditbank.schemes import expiry
from tests.books import POINTS
from tests.exchange import Neighbours


def test_a_statement_speaks(database: Database, clock: ManualClock) -> None:
    """Each line says what happened in both languages, with shops by name and people masked."""
    street = Neighbours(database, clock)
    street.rules(gifts="relatives")
    ann, kid = street.member(100), street.member(0)
    street.related(ann, kid)
    street.pay(street.code(ann), 3000)
    street.give(ann, kid, 5)
    street.donate(ann, 2)
    day = street.see(lambda view: view.today)
    street.earn(ann, 20, day)
    clock.advance(days=40)

    run_due(database, "worker", [Work(expiry.KIND, expiry.due, expiry.run_slice)])
    said = street.see(lambda view: _said(view, ann))
    assert [
        ("积分到期", "Expired"),
        ("服务“志愿服务”审核通过，获得积分", "Earned by the service: a service"),
        ("互助捐赠", "Donated"),
        ("转赠给家人 张*", "Given to 张* of your family"),
        ("在 好邻居超市 使用", "Used at 好邻居超市"),
        ("服务“志愿服务”审核通过，获得积分", "Earned by the service: a service"),
    ] == said


def _said(view: View, member_id: str) -> list[tuple[str, str]]:
    page = statements.history(view, chart.member(member_id), POINTS)
    return [(one.zh, one.en) for one in statement_sentences.sentences(view, page.lines)]
