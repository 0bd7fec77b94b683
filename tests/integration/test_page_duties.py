"""Duties on a volunteer's screen: signed in and out by the site's code, shown, disputed."""

import io
import re
from datetime import timedelta
from typing import Any

from PIL import Image

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.pages import Shown, Visitor
from tests.web import Web, opened

XSS = '"><script>alert(1)</script>'


def claim_of(shown: Shown) -> str:
    """The claim whose page is shown."""
    found = re.search(r"clm_[0-9a-z]{26}", shown.path)
    assert found is not None, shown.path
    return found[0]


def claimed(web: Web, visitor: Visitor, **changes: Any) -> tuple[str, str]:
    """Claim a task on the screen; returns the task and the claim."""
    task = web.publish(**changes)
    return task, claim_of(visitor.get(f"/tasks/{task}").form("/claims").send())


def site_code(web: Web, task: str) -> str:
    """The digits that the site shows now."""
    return str(web.get(f"/tasks/{task}/site-code", web.organiser).json()["digits"])


def jpeg(width: int = 40, height: int = 30, **saved: object) -> bytes:
    """A photo as a camera writes it."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (90, 140, 90)).save(out, "JPEG", **saved)
    return out.getvalue()


def test_a_duty_is_scanned_in_and_out_and_ends_in_credits(
    database: Database, clock: ManualClock
) -> None:
    """The site's code signs in, sent twice it does not sign out; out again, approved, credited."""
    with opened(database, clock) as web:
        _, token = web.member()
        visitor = Visitor(web.client, resident=token)
        task, claim = claimed(web, visitor, units=10)
        assert "扫现场码签到" in visitor.get(f"/me/duties/{claim}").text
        scan = visitor.get("/me/scan").form("/me/scan")
        code = site_code(web, task)
        done = scan.send(code=f"{code[:6]} {code[6:12]} {code[12:]}")
        assert "签到成功" in done.text
        assert f"/b/trust/me/duties/{claim}" == done.path
        again = scan.send(code=f"{code[:6]} {code[6:12]} {code[12:]}")
        assert "服务中" in again.text
        clock.advance(minutes=30)
        resting = visitor.get(f"/me/duties/{claim}").form("/pause").send()
        assert "计时已暂停" in resting.text
        clock.advance(minutes=10)
        assert "继续计时" in resting.form("/resume").send().text
        clock.advance(minutes=40)
        out = visitor.get("/me/scan").form("/me/scan").send(code=site_code(web, task))
        assert "签退成功" in out.text
        assert "40 分" in out.text
        assert "等待审核" in out.text
        web.made(f"/claims/{claim}/approve", web.reviewer, {})
        shown = visitor.get(f"/me/duties/{claim}")
        assert "+10 信义贝" in shown.text
        assert "已通过" in visitor.get("/me/duties").text


def test_a_wrong_code_is_counted_and_two_sites_are_told_apart(
    database: Database, clock: ManualClock
) -> None:
    """A code of nobody's site is refused with tries left; each site's code signs in there."""
    with opened(database, clock) as web:
        _, token = web.member()
        visitor = Visitor(web.client, resident=token)
        later = clock.now() + timedelta(minutes=55)
        window = {
            "starts_at": later.isoformat(),
            "ends_at": (later + timedelta(hours=1)).isoformat(),
        }
        early = clock.now() + timedelta(minutes=5)
        first = {
            "starts_at": early.isoformat(),
            "ends_at": (early + timedelta(minutes=40)).isoformat(),
        }
        _, one = claimed(web, visitor, **first)
        task, other = claimed(web, visitor, **window)
        foreign = site_code(web, web.publish())
        scan = visitor.get("/me/scan")
        wrong = scan.form("/me/scan").send(code=foreign)
        assert 409 == wrong.status
        assert "还可以再试 9 次" in wrong.text
        done = visitor.get("/me/scan").form("/me/scan").send(code=site_code(web, task))
        assert f"/b/trust/me/duties/{other}" == done.path
        assert "已报名" in visitor.get(f"/me/duties/{one}").text


def test_another_members_duty_is_not_shown(database: Database, clock: ManualClock) -> None:
    """To read, scan, photograph or withdraw for somebody else is refused as it is to programs."""
    with opened(database, clock) as web:
        _, token = web.member()
        _, other = web.member("李四")
        owner, stranger = (Visitor(web.client, resident=one) for one in (token, other))
        task, claim = claimed(web, owner)
        assert 403 == stranger.get(f"/me/duties/{claim}").status
        assert 404 == stranger.get("/me/duties/clm_00000000000000000000000000").status
        _, own = claimed(web, stranger)
        page = stranger.get(f"/me/duties/{own}")
        csrf = page.form("/withdraw").fields["csrf"][0]
        sent = {"csrf": csrf, "key": "another-members-claim-1"}
        assert 403 == stranger.post(f"/me/duties/{claim}/withdraw", sent).status
        deed = sent | {"code": site_code(web, task), "deeds": f"in.{claim}"}
        assert 404 == stranger.post("/me/scan", deed).status
        assert "已报名" in owner.get(f"/me/duties/{claim}").text


def test_photos_and_notes_are_kept_for_the_reviewer(database: Database, clock: ManualClock) -> None:
    """A photo loses its metadata, what is none is refused in words, a note is shown inert."""
    with opened(database, clock) as web:
        _, token = web.member()
        visitor = Visitor(web.client, resident=token)
        _, claim = claimed(web, visitor)
        shown = visitor.get(f"/me/duties/{claim}").form("/sign-in").send()
        exif = Image.Exif()
        exif[0x010E] = "GPS 30.5,114.3"
        upload = jpeg(exif=exif)
        assert b"GPS 30.5" in upload
        form = shown.form("/photos")
        sent = {"photo": ("../<b>x</b>.jpg", upload, "image/jpeg")}
        kept = visitor.post(form.action, dict(form.fields), sent)
        assert "照片已添加" in kept.text
        address = str(kept.soup.select(".photos img")[0]["src"])
        picture = web.client.get(address, headers={"Cookie": f"cb-trust={token}"})
        assert "image/jpeg" == picture.headers["content-type"]
        assert b"GPS" not in picture.content
        assert "<b>x</b>" not in kept.html
        for bad in (b"no photo at all", b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>"):
            form = visitor.get(f"/me/duties/{claim}").form("/photos")
            refused = visitor.post(
                form.action, dict(form.fields), {"photo": ("x.jpg", bad, "image/jpeg")}
            )
            assert 422 == refused.status
            assert "照片无法使用" in refused.text
        huge = io.BytesIO()
        Image.new("1", (10_000, 10_000)).save(huge, "PNG")
        form = visitor.get(f"/me/duties/{claim}").form("/photos")
        refused = visitor.post(
            form.action, dict(form.fields), {"photo": ("x.png", huge.getvalue(), "image/png")}
        )
        assert (422, True) == (refused.status, "照片无法使用" in refused.text)
        noted = visitor.get(f"/me/duties/{claim}").form("/notes").send(text=f"{XSS}\n第二行")
        assert f"{XSS} 第二行" in noted.text
        assert "<script>alert" not in noted.html


def test_a_forgotten_sign_out_is_explained_and_a_rejection_disputed(
    database: Database, clock: ManualClock
) -> None:
    """The page asks when one left; a rejection shows its reason and can be disputed once."""
    with opened(database, clock) as web:
        _, token = web.member()
        visitor = Visitor(web.client, resident=token)
        _, claim = claimed(web, visitor)
        visitor.get(f"/me/duties/{claim}").form("/sign-in").send()
        clock.advance(hours=3)
        web.made(f"/claims/{claim}/sign-out", token)
        forced = visitor.get(f"/me/duties/{claim}")
        assert "忘记签退" in forced.text
        assert "说明已添加" in forced.form("/notes").send(text="十点半走的").text
        web.made(f"/claims/{claim}/reject", web.reviewer, {"reason": "没有到场"})
        rejected = visitor.get(f"/me/duties/{claim}")
        assert "没有到场" in rejected.text
        form = rejected.form("/dispute")
        done = form.send(reason="我在，有照片")
        assert "异议已提交" in done.text
        assert "复核中" in done.text
        assert "/b/trust/me/duties/" in form.send(reason="我在，有照片").path


def test_whom_it_was_for_confirms_and_says_thanks(database: Database, clock: ManualClock) -> None:
    """The beneficiary confirms by the page of the notice, then thanks; nobody else can."""
    with opened(database, clock) as web:
        elder, elders = web.member("陈奶奶")
        _, token = web.member("张三")
        visitor, home = Visitor(web.client, resident=token), Visitor(web.client, resident=elders)
        _, claim = claimed(web, visitor, beneficiary_id=elder)
        visitor.get(f"/me/duties/{claim}").form("/sign-in").send()
        clock.advance(minutes=90)
        visitor.get(f"/me/duties/{claim}").form("/sign-out").send()
        assert "请您确认" in home.get("/me/thanks").text
        asked = home.get(f"/me/confirmations/{claim}")
        assert "张*" in asked.text
        assert 403 == visitor.get(f"/me/confirmations/{claim}").status
        said = asked.form(f"/confirmations/{claim}").send(agrees="true", word="")
        assert "已确认" in said.text
        web.made(f"/claims/{claim}/approve", web.reviewer, {})
        form = home.get(f"/me/confirmations/{claim}").form("/thanks")
        assert "已写好" in form.send(text="谢谢小张").text
        note = web.get("/thanks/waiting", web.organiser).json()["items"][0]["thanks_id"]
        web.made(f"/thanks/{note}/release", web.organiser)
        got = visitor.get("/me/thanks")
        assert "谢谢小张" in got.text
        assert "陈*" in got.text
        assert "已送达" in home.get("/me/thanks").text
