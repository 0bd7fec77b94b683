"""ETag and If-Match: nobody overwrites what they have not seen."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from httpx2 import Response

from creditbank.core import tags
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import CreditbankError
from creditbank.core.tags import PreconditionFailed
from creditbank.core.units import Actor, Unit
from creditbank.schemes import scheme
from creditbank.tasks import edits, endings, publishing, tasks
from tests import web
from tests.integration.test_api_bad_input import problem
from tests.web import Web, new_key

ROUNDS = 20


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


def ask(
    api: Web,
    method: str,
    path: str,
    body: object = None,
    *,
    token: str | None = None,
    key: str | None = None,
    **headers: str,
) -> Response:
    """Send a request as the organiser, with headers such as ``if_match``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named["Authorization"] = f"Bearer {token or api.organiser}"
    if method != "GET":
        named["Idempotency-Key"] = key or new_key()
    return api.client.request(method, f"/v1/b/trust{path}", headers=named, json=body)


def tag_of(api: Web, path: str) -> str:
    """The ETag of what a path shows."""
    token = api.operator if path == "/scheme" else api.organiser
    return str(api.get(path, token).headers["etag"])


def test_a_tag_is_that_of_the_state(api: Web) -> None:
    """It stays while nothing changes, and is another one for every change, also by the clock."""
    task = f"/tasks/{api.publish()}"
    _, member = api.member()
    seen = [tag_of(api, task)]
    assert seen[0] == tag_of(api, task)
    assert seen[0].startswith('"')
    api.made(f"{task}/claims", member, {})
    seen.append(tag_of(api, task))
    assert 200 == ask(api, "PATCH", task, {"place": "三号桥"}).status_code
    seen.append(tag_of(api, task))
    api.clock.advance(minutes=30)
    seen.append(tag_of(api, task))
    assert 4 == len(set(seen))


def test_who_has_it_already_is_told_so(api: Web) -> None:
    """If-None-Match with the present tag, weak or in a list, or `*`, is answered 304 and empty."""
    for path, token in ((f"/tasks/{api.publish()}", api.organiser), ("/scheme", api.operator)):
        tag = tag_of(api, path)
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            answer = ask(api, "GET", path, token=token, if_none_match=known)
            assert (304, b"", tag) == (answer.status_code, answer.content, answer.headers["etag"])
        stale = ask(api, "GET", path, token=token, if_none_match='"other"')
        assert (200, tag) == (stale.status_code, stale.headers["etag"])


def test_a_draft_is_not_betrayed_by_its_tag(api: Web) -> None:
    """To a member a draft does not exist, whatever they claim to have."""
    _, member = api.member()
    draft = f"/tasks/{api.publish(draft=True)}"
    answer = ask(api, "GET", draft, token=member, if_none_match="*")
    assert (404, "task-not-found") == problem(answer)


def test_a_stale_write_does_nothing(api: Web) -> None:
    """Publishing, changing, cancelling and closing are refused with the tag of yesterday."""
    task = f"/tasks/{api.publish(draft=True)}"
    old = tag_of(api, task)
    assert 200 == ask(api, "PATCH", task, {"title": "新的"}, if_match=old).status_code
    now = tag_of(api, task)
    writes: list[tuple[str, str, object]] = [
        ("PATCH", "", {"title": "旧的"}),
        ("POST", "/open", None),
        ("POST", "/cancel", {"reason": "雨"}),
        ("POST", "/close", None),
    ]
    for method, verb, body in writes:
        for stale in (old, f"W/{now}", '"nothing"', f"{old}, W/{now}"):
            refused = ask(api, method, task + verb, body, if_match=stale)
            assert (412, "precondition-failed") == problem(refused), (verb, stale)
    assert now == tag_of(api, task)
    assert 200 == ask(api, "POST", f"{task}/open", if_match=f"{old}, {now}").status_code
    assert 200 == ask(api, "POST", f"{task}/cancel", {"reason": "雨"}, if_match="*").status_code
    assert "cancelled" == api.get(task, api.organiser).json()["state"]


def test_what_is_not_there_is_not_there_whatever_its_tag(api: Web) -> None:
    """Also `*` does not make a task."""
    answer = ask(api, "PATCH", f"/tasks/tsk_{'0' * 26}", {"title": "x"}, if_match="*")
    assert (404, "task-not-found") == problem(answer)


def test_a_repeated_write_is_the_first_one_again(api: Web) -> None:
    """After a lost answer the same key and tag give the first outcome, though the tag is old."""
    task, key = f"/tasks/{api.publish(draft=True)}", new_key()
    tag = tag_of(api, task)
    first = ask(api, "PATCH", task, {"title": "新的"}, key=key, if_match=tag)
    again = ask(api, "PATCH", task, {"title": "新的"}, key=key, if_match=tag)
    assert (200, first.json()) == (again.status_code, again.json())
    other = ask(api, "PATCH", task, {"title": "新的"}, key=key, if_match=tag_of(api, task))
    assert (422, "key-reused") == problem(other)


@pytest.mark.parametrize("bad", ["abc", '"a" "b"', '"a', "W/", '"a",', "", '*, "a"', '"x"' * 999])
def test_what_is_no_list_of_tags_is_refused(api: Web, bad: str) -> None:
    """It is never taken for a missing one."""
    task = f"/tasks/{api.publish(draft=True)}"
    refused = ask(api, "POST", f"{task}/open", if_match=bad)
    assert (422, "bad-field") == problem(refused)
    assert (422, "bad-field") == problem(ask(api, "GET", task, if_none_match=bad))
    assert "draft" == api.get(task, api.organiser).json()["state"]


def test_rules_are_adopted_on_the_version_that_was_seen(api: Web) -> None:
    """Of two who looked at the same rules one adopts, also for a day to come."""
    later = (api.clock.now() + timedelta(days=30)).date().isoformat()
    form = {"parameters": {"no_pin_points_most": 30}, "effective_from": later}
    seen = tag_of(api, "/scheme")
    first = ask(api, "POST", "/scheme", form, token=api.operator, if_match=seen)
    assert (201, 1) == (first.status_code, first.json()["version"])
    second = ask(api, "POST", "/scheme", form, token=api.operator, if_match=seen)
    assert (412, "precondition-failed") == problem(second)
    third = ask(api, "POST", "/scheme", form, token=api.operator, if_match=tag_of(api, "/scheme"))
    assert 2 == third.json()["version"]
    assert 3 == ask(api, "POST", "/scheme", form, token=api.operator).json()["version"]


# Races -----------------------------------------------------------------------------------------


def _together(api: Web, works: Sequence[Callable[[Unit], Any]]) -> list[object]:
    """Run units at the same time, each as another organiser; returns results and errors."""
    futures: list[Future[Any]] = [
        api.database.writer.submit(api.bank.bank_id, Actor(f"stf_{n}", "organiser"), work)
        for n, work in enumerate(works)
    ]
    return [one.exception(timeout=30) or one.result() for one in futures]


def _refusals(outcomes: Sequence[object]) -> list[type[CreditbankError]]:
    return [type(one) for one in outcomes if isinstance(one, CreditbankError)]


def test_of_two_writers_with_one_tag_exactly_one_wins(api: Web) -> None:
    """Eight change, publish and cancel one draft at once with the same tag, again and again."""
    for _ in range(ROUNDS):
        task_id = api.publish(draft=True)
        seen = api.database.read(api.bank.bank_id, partial(tasks.find, task_id=task_id))
        said: dict[str, Any] = {"task_id": task_id, "if_match": (tags.of(seen),)}
        works: list[Callable[[Unit], Any]] = [
            partial(edits.edit, key=new_key(), title=f"第{n}", **said) for n in range(6)
        ]
        works.append(partial(publishing.open_draft, key=new_key(), **said))
        works.append(partial(endings.cancel, key=new_key(), reason="雨", **said))
        assert [PreconditionFailed] * 7 == _refusals(_together(api, works))


def test_of_two_adoptions_with_one_tag_exactly_one_wins(api: Web) -> None:
    """Versions of the rules are counted under one lock, the tag is compared under it."""
    for n in range(ROUNDS):
        seen = api.database.read(api.bank.bank_id, scheme.current_tag)
        adopting = [
            partial(
                scheme.adopt,
                key=new_key(),
                parameters={"no_pin_points_most": n + 1},
                effective_from=api.clock.now().date(),
                if_match=(seen,),
            )
            for _ in range(4)
        ]
        assert [PreconditionFailed] * 3 == _refusals(_together(api, adopting))


# Changing a task -------------------------------------------------------------------------------


def test_only_what_is_named_changes(api: Web) -> None:
    """The rest of the task stays as it was published."""
    task = f"/tasks/{api.publish()}"
    before = api.get(task, api.organiser).json()
    starts = before["starts_at"].replace("T", "t")
    changes = {
        "place": "三号桥",
        "capacity": 7,
        "starts_at": starts,
        "rewards": [{"asset": "VOL", "units": 3, "per": "hour"}],
    }
    moved = ask(api, "PATCH", task, changes)
    assert {"task_id": before["task_id"], "state": "open"} == moved.json()
    after = api.get(task, api.organiser).json()
    assert before | changes | {"starts_at": before["starts_at"]} == after


def test_what_was_claimed_for_stays(api: Web) -> None:
    """After a claim the rewards are fixed, even one withdrawn; places stay above those taken."""
    task = f"/tasks/{api.publish(capacity=2)}"
    members = [api.member(name) for name in ("张三", "李四")]
    claims = [api.made(f"{task}/claims", token, {})["claim_id"] for _, token in members]
    other = {"rewards": [{"asset": "XYB", "units": 1, "per": "person"}]}
    assert (409, "task-claimed") == problem(ask(api, "PATCH", task, other))
    fewer = ask(api, "PATCH", task, {"capacity": 1})
    assert (409, "capacity-taken") == problem(fewer)
    assert (2, 1) == (fewer.json()["placed"], fewer.json()["capacity"])
    assert "open" == ask(api, "PATCH", task, {"capacity": 3}).json()["state"]
    assert "full" == ask(api, "PATCH", task, {"capacity": 2}).json()["state"]
    api.made(f"/claims/{claims[0]}/withdraw", members[0][1])
    assert "full" == ask(api, "PATCH", task, {"capacity": 1}).json()["state"]
    api.made(f"/claims/{claims[1]}/withdraw", members[1][1])
    assert (409, "task-claimed") == problem(ask(api, "PATCH", task, other))
    kept = api.get(task, api.organiser).json()["rewards"]
    assert [{"asset": "XYB", "units": 10, "per": "person"}] == kept


def test_a_task_that_has_begun_is_not_changed(api: Web) -> None:
    """Running, cancelled: it says what can be done instead."""
    cancelled = f"/tasks/{api.publish()}"
    api.made(f"{cancelled}/cancel", api.organiser, {"reason": "雨"})
    running = f"/tasks/{api.publish()}"
    api.clock.advance(minutes=30)
    for task in (cancelled, running):
        assert (409, "state-conflict") == problem(ask(api, "PATCH", task, {"title": "晚了"}))


def test_a_change_is_as_good_as_a_publication(api: Web) -> None:
    """The same bounds hold, and only organisers change tasks."""
    task = f"/tasks/{api.publish()}"
    _, member = api.member()
    yesterday = (api.clock.now() - timedelta(days=1)).isoformat()
    for body, status, slug in (
        ({"title": " "}, 422, "body-unusable"),
        ({"capacity": 0}, 422, "body-unusable"),
        ({"capacity": True}, 422, "body-unusable"),
        ({"state": "closed"}, 422, "body-unusable"),
        ({"placed": 0}, 422, "body-unusable"),
        ({"created_by": "x"}, 422, "body-unusable"),
        ({"ends_at": yesterday}, 422, "bad-field"),
        ({"rewards": [{"asset": "NOPE", "units": 1, "per": "hour"}]}, 404, "asset-not-found"),
    ):
        assert (status, slug) == problem(ask(api, "PATCH", task, body)), body
    for token in (member, api.reviewer, api.auditor, api.treasurer):
        denied = ask(api, "PATCH", task, {"title": "x"}, token=token)
        assert (403, "role-denied") == problem(denied)
