"""Evidence: photos and notes that only the right people see, and the beneficiary's word."""

import io
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from httpx2 import Response
from PIL import Image
from sqlalchemy import select

from api.privacy import wipes
from creditbank import notices
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField
from creditbank.core.units import Actor
from creditbank.leaving.forgetting import Stage
from creditbank.people import persons
from creditbank.schemes import scheme
from creditbank.service import confirmations, evidence, photos
from creditbank.service.attendance_errors import (
    ConfirmationNeeded,
    Contradicted,
    EvidenceClosed,
    NotBeneficiary,
)
from creditbank.tasks import publishing
from creditbank.tasks.states import ClaimState
from tests import families
from tests.society import FIVE_EACH, ORGANISER, REVIEWER, Society, as_member
from tests.web import OPERATOR, Web, new_key, opened


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with opened(database, clock) as made:
        yield made


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def upload(
    web: Web, claim_id: str, token: str, content: bytes, *, key: str | None = None
) -> Response:
    """Send a photo."""
    return web.client.post(
        f"/v1/b/trust/claims/{claim_id}/photos",
        content=content,
        headers={
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": key or new_key(),
            "Content-Type": "application/octet-stream",
        },
    )


def photo(colour: str = "red") -> bytes:
    """A JPEG that says where it was taken."""
    exif = Image.Exif()
    exif[0x010E] = "SECRET-PLACE"
    out = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, "JPEG", exif=exif)
    return out.getvalue()


def stored(web: Web) -> list[Any]:
    """The rows of all photos."""
    return list(
        web.database.read(
            web.bank.bank_id,
            lambda view: view.rows(
                select(photos.photos).where(photos.photos.c.bank_id == view.bank_id)
            ),
        )
    )


def test_a_photo_is_drawn_anew_sealed_and_shown_to_few(web: Web) -> None:
    """The participant and the reviewer see it, nobody else; the table holds no picture."""
    _, token = web.member()
    _, stranger = web.member()
    claim = web.served(token)
    made = upload(web, claim, token, photo())
    assert 201 == made.status_code, made.text
    assert (60, 40) == (made.json()["width"], made.json()["height"])
    path = f"/claims/{claim}/photos/{made.json()['photo_id']}"
    for who in (token, web.reviewer, web.organiser):
        seen = web.get(path, who)
        assert (200, "image/jpeg") == (seen.status_code, seen.headers["content-type"])
        assert "no-store" in seen.headers["cache-control"]
        assert "nosniff" == seen.headers["x-content-type-options"]
        assert b"SECRET" not in seen.content
        with Image.open(io.BytesIO(seen.content)) as found:
            assert ("JPEG", (60, 40)) == (found.format, found.size)
    assert 403 == web.get(path, stranger).status_code
    assert 403 == web.get(path, web.treasurer).status_code
    assert 403 == upload(web, claim, stranger, photo()).status_code
    [row] = stored(web)
    assert row.content.startswith(b"s1:")
    assert b"JFIF" not in row.content
    other = web.served(token)
    wrong = f"/claims/{other}/photos/{made.json()['photo_id']}"
    assert 404 == web.get(wrong, token).status_code


def test_a_photo_sent_twice_is_one(web: Web) -> None:
    """The same key and file is the same photo; another file under the key is refused."""
    _, token = web.member()
    claim, key = web.served(token), new_key()
    first = upload(web, claim, token, photo(), key=key)
    assert first.json() == upload(web, claim, token, photo(), key=key).json()
    assert "key-reused" in upload(web, claim, token, photo("blue"), key=key).text
    assert 1 == len(stored(web))


def test_a_claim_has_nine_photos_at_most(web: Web) -> None:
    """The tenth is refused, and nothing of it stays."""
    _, token = web.member()
    claim = web.served(token)
    for _ in range(photos.PHOTOS_MOST):
        assert 201 == upload(web, claim, token, photo()).status_code
    tenth = upload(web, claim, token, photo())
    assert (409, True) == (tenth.status_code, "photos-full" in tenth.text)
    assert photos.PHOTOS_MOST == len(stored(web))


def test_what_is_no_photo_leaves_nothing(web: Web) -> None:
    """Broken, moving or foreign files, and too large ones, are refused by name."""
    _, token = web.member()
    claim = web.served(token)
    for bad in (b"x", b"<svg xmlns='http://www.w3.org/2000/svg'/>", photo()[:200], b"GIF89a"):
        refused = upload(web, claim, token, bad)
        assert (422, True) == (refused.status_code, "photo-unusable" in refused.text)
    large = upload(web, claim, token, photo() + bytes(5_000_001))
    assert (413, True) == (large.status_code, "body-too-large" in large.text)
    assert [] == stored(web)
    big = upload(web, claim, token, photo() + bytes(4_000_000))
    assert (201, 1) == (big.status_code, len(stored(web)))
    assert len(stored(web)[0].content) < 10_000


def test_evidence_is_added_between_sign_in_and_decision(web: Web) -> None:
    """Before anybody came, and once it is decided, nothing is added."""
    _, token = web.member()
    _, other = web.member()
    early = str(web.made(f"/tasks/{web.publish()}/claims", other, {})["claim_id"])
    assert "evidence-closed" in upload(web, early, other, photo()).text
    claim = web.served(token)
    web.made(f"/claims/{claim}/notes", web.organiser, {"text": "雨大，提前半小时到"})
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    late = web.post(f"/claims/{claim}/notes", token, {"text": "补充"})
    assert (409, True) == (late.status_code, "evidence-closed" in late.text)
    shown = web.get(f"/claims/{claim}/evidence", token).json()
    assert ["雨大，提前半小时到"] == [one["text"] for one in shown["notes"]]
    assert ("self", 60, 0) == (
        shown["signed_in_how"],
        shown["measured_minutes"],
        shown["approved_minutes"],
    )
    assert 403 == web.get(f"/claims/{claim}/evidence", web.member()[1]).status_code


def test_the_reviewer_sees_what_else_was_approved_that_day(web: Web) -> None:
    """The minutes already approved on the days of a service stand beside it."""
    _, token = web.member()
    first = web.served(token)
    web.made(f"/claims/{first}/approve", web.reviewer, {"minutes": 45})
    second = web.served(token)
    shown = web.get(f"/claims/{second}/evidence", web.reviewer).json()
    assert 45 == shown["approved_minutes"]


def test_photos_and_notes_go_with_the_person(web: Web) -> None:
    """An erasure deletes them, those of whom they show and those that the person added."""
    member_id, token = web.member()
    mate_id, mate = web.member()
    claim, other = web.served(token), web.served(mate)
    for one, who in ((claim, token), (other, mate)):
        assert 201 == upload(web, one, who, photo()).status_code
    web.made(f"/claims/{claim}/notes", token, {"text": "一切顺利"})
    web.database.write(
        web.bank.bank_id, OPERATOR, lambda unit: wipes.wipe(unit, [member_id], Stage.AFTER_CLOSING)
    )
    assert [mate_id] == [row.member_id for row in stored(web)]
    assert [] == web.get(f"/claims/{claim}/evidence", web.reviewer).json()["notes"]
    web.database.write(
        web.bank.bank_id, OPERATOR, lambda unit: persons.forget(unit, mate_id) and None
    )
    found = web.get(f"/claims/{other}/evidence", web.reviewer).json()["photos"][0]["photo_id"]
    assert 404 == web.get(f"/claims/{other}/photos/{found}", web.reviewer).status_code


# The beneficiary's word ------------------------------------------------------------------------


def visited(society: Society, who: str, elder: str, *, category: str = "patrol") -> str:
    """Let somebody serve a task for an elder; returns the claim that waits."""
    starts_at = society.clock.now() + timedelta(minutes=30)
    task_id = society.by(
        ORGANISER,
        partial(
            publishing.publish,
            title="探访",
            category=category,
            community_id=society.community_id,
            place="三号楼",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=1),
            capacity=3,
            rewards=FIVE_EACH,
            beneficiary_id=elder,
            key=society.name(),
        ),
    )
    return society.served(who, task_id, minutes=60)


def say(society: Society, actor: Actor, claim_id: str, *, agrees: bool, word: str | None) -> Any:
    """Confirm or contradict."""
    work = partial(
        confirmations.say, claim_id=claim_id, agrees=agrees, word=word, key=society.name()
    )
    return society.by(actor, work)


def require(society: Society, claim_id: str) -> None:
    """Ask as a reviewer does."""
    found = society.claim_of(claim_id)
    task = society.task(found.task_id)
    society.see(lambda view: confirmations.require(view, task, found))


def confirmed_only(society: Society) -> None:
    """Adopt that patrols have to be confirmed."""
    work = partial(
        scheme.adopt,
        parameters={"confirmed_categories": ["patrol"]},
        effective_from=society.see(lambda view: view.today),
        key=society.name(),
    )
    society.by(ORGANISER, work)


def test_a_service_counts_once_its_beneficiary_confirms(society: Society) -> None:
    """Where the scheme asks, the elder is asked; a later word takes the place of an earlier."""
    confirmed_only(society)
    who, elder = society.member(), society.member("王奶奶")
    claim_id = visited(society, who, elder)
    inbox = society.see(lambda view: notices.inbox(view, elder)).notices
    assert ["confirmation-asked"] == [one.kind for one in inbox]
    with pytest.raises(ConfirmationNeeded):
        society.approve(claim_id)
    say(society, as_member(elder), claim_id, agrees=False, word="只来了十分钟")
    with pytest.raises(Contradicted):
        require(society, claim_id)
    assert society.claim_of(claim_id).confirmed_at is None
    shown = society.see(lambda view: evidence.of_claim(view, REVIEWER, claim_id)).confirmation
    assert shown is not None
    assert (False, "只来了十分钟") == (shown.agrees, shown.word)
    on_phone = Actor("stf_office", "assistant", via="ast_1", assists=elder)
    say(society, on_phone, claim_id, agrees=True, word=None)
    assert society.clock.now() == society.claim_of(claim_id).confirmed_at
    assert ClaimState.APPROVED == society.approve(claim_id).state


def test_only_the_beneficiary_confirms(society: Society) -> None:
    """Neither the participant nor the office in its own name nor somebody else."""
    confirmed_only(society)
    who, elder = society.member(), society.member()
    with pytest.raises(BadField, match="beneficiary_id"):
        society.publish()
    claim_id = visited(society, who, elder)
    for actor in (as_member(who), ORGANISER, as_member(society.member())):
        with pytest.raises(NotBeneficiary):
            say(society, actor, claim_id, agrees=True, word=None)
    own = visited(society, elder, elder)
    with pytest.raises(NotBeneficiary):
        say(society, as_member(elder), own, agrees=True, word=None)


def test_a_contradiction_weighs_everywhere(society: Society) -> None:
    """Where no confirmation is asked for nothing is needed, but a no is a no."""
    who, elder = society.member(), society.member()
    claim_id = visited(society, who, elder)
    require(society, claim_id)
    say(society, as_member(elder), claim_id, agrees=False, word="没有来")
    with pytest.raises(Contradicted):
        require(society, claim_id)


def test_what_is_decided_is_not_confirmed_any_more(society: Society) -> None:
    """After the decision the word comes too late."""
    who, elder = society.member(), society.member()
    claim_id = visited(society, who, elder)
    society.approve(claim_id)
    with pytest.raises(EvidenceClosed):
        say(society, as_member(elder), claim_id, agrees=True, word=None)


def test_nobody_confirms_for_those_close_to_them(society: Society) -> None:
    """Neither a housemate for whom it was, nor the office that assists and served (law 7)."""
    confirmed_only(society)
    who, mate, elder = (society.member() for _ in range(3))
    families.household(society, who, mate)
    at_home, away = visited(society, who, mate), visited(society, who, elder)
    served = Actor("stf_office", "assistant", who, via="ast_1", assists=elder)
    for actor, claim_id in ((as_member(mate), at_home), (served, away)):
        with pytest.raises(NotBeneficiary):
            say(society, actor, claim_id, agrees=True, word=None)
    say(society, as_member(elder), away, agrees=True, word=None)
