"""Members at the office, as a real browser shows them: a list that is imported, and an assist."""

from playwright.sync_api import FilePayload

from api.scheduler import WORKS, run_due
from creditbank.identity import arrival_slices
from tests.e2e.screens import PHONE, Screens, sideways, too_small, violations
from tests.e2e.site import Site

ARRIVE = [one for one in WORKS if one.kind == arrival_slices.KIND]


def picked(content: bytes) -> FilePayload:
    """A file whose name is not to be trusted."""
    name = "<img src=x onerror=alert(1)>.csv"
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def fit(screens: Screens, path: str, token: str) -> None:
    """Axe finds nothing, and every target is large enough, at a desk and in the elder mode."""
    for look, least_px in (("zh.plain.light", 44), ("zh.large.dark", 60)):
        page = screens.desk(path, token, look=look, size=PHONE)
        assert [] == violations(page), path
        assert [] == too_small(page, least_px), path
        assert not sideways(page), path
        page.context.close()


def test_a_list_is_imported_and_the_page_follows(site: Site, screens: Screens) -> None:
    """Errors come back in the browser; the mended list is written while the page looks on."""
    site.made("/communities", site.operator, {"name": "桥西社区"})
    page = screens.desk("/office/imports", site.organiser)
    bad = "姓名,手机号,社区,期初信义贝\n<b>张三</b>,1.38E+10,桥西社区,5\n".encode("gb18030")
    page.set_input_files("input[type=file]", picked(bad))
    page.get_by_role("button", name="上传并检查").click()
    page.get_by_text("有 1 处要改").wait_for()
    assert [] == violations(page)
    page.get_by_role("link", name="重新上传").click()
    good = "姓名,手机号,社区,期初信义贝\n张三,13800000001,桥西社区,5\n".encode()
    page.set_input_files("input[type=file]", picked(good))
    page.get_by_role("button", name="上传并检查").click()
    page.get_by_role("button", name="写入这 1 人").dblclick()
    page.get_by_text("正在写入").wait_for()
    assert [] == violations(page)
    run_due(site.database, "worker", ARRIVE)
    page.get_by_text("期初积分等待第二人核对").wait_for()
    fit(screens, page.url.partition("/b/trust")[2].partition("?")[0], site.reviewer)
