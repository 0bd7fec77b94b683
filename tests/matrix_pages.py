"""What a request of each page says: as a browser would send it, with a form that is meant well.

A page is asked for with the cookie of its door, whatever proof of who they are the role has; its
form comes from the fields of the form's model, by their names; those that need more sense stand in
`_forms`. Every id is that of the target.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, UploadFile
from fastapi.routing import iter_route_contexts
from pydantic import TypeAdapter

from api.edge.cookies import door_of
from api.pages.forms import Sent
from creditbank.identity import sittings
from tests.matrix_requests import PICTURE, Unforeseen, word
from tests.world_builder import PIN

PREFIX = "/b/{slug}"
_BOUNDARY = "cells-of-the-matrix"
_KEY = "a-fresh-one-is-sent-beside-it"
Ids = Mapping[str, str]

# What a name means on pages only; before what it means in the API.
WORDS: dict[str, str] = {
    "choose": "large",
    "back": "",
    "starts_at": "2026-03-09T09:00",
    "ends_at": "2026-03-09T10:00",
    "day": "2026-03-09",
    "phone": "13911112222",
    "starts": "09:00",
    "ends": "10:00",
    "guest": "volunteer",
    "suffix": "csv",
    "table": "months",
    "month": "2026-03",
    "on": "2026-03-01",
    "totals": "XYB=1",
    "since": "2026-03-01T00:00:00+08:00",
}

# Fields of a form by its route, where a name alone does not say enough.
_NEED = {"reward_asset": "XYB", "reward_units": "1", "reward_per": "person", "capacity": "2"}
FORMS: dict[str, dict[str, str]] = {
    "POST /b/{slug}/office/needs": _NEED,
    "POST /b/{slug}/office/needs/new": _NEED,
    "POST /b/{slug}/office/afterwards": _NEED | {"day": "2026-02-27", "names": "1. 张三"},
    "POST /b/{slug}/office/afterwards/note": _NEED
    | {"day": "2026-02-27", "who": "@member_id", "number": ""},
    "POST /b/{slug}/office/needs/{task_id}/roster": {"claim_ids": "@claim_id"},
    "POST /b/{slug}/office/members/{member_id}/data/correct": {
        "address": "新村一号",
        "reason": "本人到场",
    },
    "POST /b/{slug}/office/departures": {"number": "M0001", "cause": "moved", "reason": "迁出"},
    "POST /b/{slug}/office/merges": {"old": "M0001", "kept": "M0002", "reason": "同一人"},
    "POST /b/{slug}/office/reviews/approvals": {"claim": "@claim_id"},
    "POST /b/{slug}/office/reviews/{claim_id}/reject": {"reason": "没有到场"},
    "POST /b/{slug}/office/reviews/{claim_id}/second-look/fail": {"reason": "没有到场"},
    "POST /b/{slug}/office/reviews/{claim_id}/withdraw-approval": {"reason": "没有到场"},
    "POST /b/{slug}/me/settings/delegates": {"number": "M0001", "name": "张三", "points_day": "5"},
    "POST /b/{slug}/me/settings/pin": {"pin": PIN, "again": PIN},
    "POST /b/{slug}/me/settings/pin/change": {"pin": PIN, "again": PIN, "old": PIN},
    "POST /b/{slug}/me/teams/{team_id}/invitations": {"number": "M0001"},
    "POST /b/{slug}/till/pair": {"code": "00000000", "device": "收银台"},
    "POST /b/{slug}/me/scan": {"deeds": "in.@claim_id", "code": "123456789012345678"},
    "POST /b/{slug}/me/gifts": {"to_member_id": "@kin_id", "asset": "XYB", "units": "1"},
}

# What is typed by nobody as a text, though it is one.
_NO_TEXTS = {"key", "csrf", "choose", "back", "pin", "code", "password", "asset", "category"}

# Of several of a kind, the one that a page is about; as `tests.matrix_requests.OTHERS`.
OTHERS: dict[str, dict[str, str]] = {
    "POST /b/{slug}/me/teams/{team_id}/members/{member_id}/decline": {"member_id": "mate_id"},
    "POST /b/{slug}/office/needs/{task_id}/roster": {"task_id": "served_id"},
    "POST /b/{slug}/office/calls/{notice_id}/number": {"notice_id": "call_id"},
    "POST /b/{slug}/office/calls/{notice_id}/told": {"notice_id": "call_id"},
    "POST /b/{slug}/office/reviews/{claim_id}/withdraw-approval": {"claim_id": "approved_id"},
    "POST /b/{slug}/office/reviews/{claim_id}/second-look/fail": {"claim_id": "approved_id"},
    "POST /b/{slug}/office/reviews/{claim_id}/second-look/pass": {"claim_id": "approved_id"},
    "POST /b/{slug}/office/needs/{task_id}/series": {
        "task_id": "series_task_id",
        "from_task_id": "series_task_id",
    },
    "POST /b/{slug}/office/needs/{task_id}/series/cancel": {
        "task_id": "series_task_id",
        "from_task_id": "series_task_id",
    },
}

QUERIES: dict[str, dict[str, str]] = {
    "GET /b/{slug}/till/scan": {"offer_id": "@offer_id", "cart": "59.90"},
}

# What a part of a path is, where its name means something else in forms.
PATHS: dict[str, str] = {"kind": "csv"}

# What is uploaded by the last part of the path, where a picture will not do.
FILES: dict[str, bytes] = {"imports": "姓名,社区\r\n赵六,社区1\r\n".encode()}


def is_page(path: str) -> bool:
    """Whether a path is one of the pages of a bank."""
    return path.startswith(PREFIX)


@cache
def _routes(app: FastAPI) -> dict[tuple[str, str], Any]:
    return {
        (method, str(context.path)): context.original_route
        for context in iter_route_contexts(app.routes)
        for method in context.methods or {"GET"}
        if is_page(str(context.path))
    }


@cache
def _required(app: FastAPI, method: str, path: str) -> dict[str, Any]:
    """What a page must be asked with, each with its schema."""
    return {
        one.alias: TypeAdapter(one.field_info.annotation).json_schema()
        for one in _routes(app)[method, path].dependant.query_params
        if one.field_info.is_required()
    }


@cache
def _schema(kind: type[Sent]) -> dict[str, Any]:
    return kind.model_json_schema()


def written(
    method: str, path: str, name: str, app: FastAPI, ids: Ids, *, poison: str = ""
) -> dict[str, Any]:
    """Return a request as the client takes it, but for who sends it.

    With a ``poison``, that stands in every text of the form and in the names of its files.
    """
    others = OTHERS.get(name) or {}
    ids = {**ids, **{one: ids[other] for one, other in others.items()}}
    fields = {
        one: PATHS.get(one) or _value(one, {}, ids)
        for one in re.findall(r"{(\w+)", path)
        if one != "slug"
    }
    text = re.sub(r"{(\w+)[^}]*}", lambda found: fields.get(found[1], "trust"), path)
    route = _routes(app)[method, path]
    asked = {one: _value(one, of, ids) for one, of in _required(app, method, path).items()}
    more = {one: _text(value, ids) for one, value in QUERIES.get(name, {}).items()}
    request: dict[str, Any] = {"url": text, "params": asked | more or None}
    if method == "GET":
        return request
    said, files = _form(route, name, ids)
    if poison:
        said |= dict(_texts(route, ids, poison))
    return request | _sent(said, files, poison or "a.png")


def _form(route: Any, name: str, ids: Ids) -> tuple[dict[str, Any], dict[str, bytes]]:
    given = {one: _text(value, ids) for one, value in FORMS.get(name, {}).items()}
    said: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    for param in route.dependant.body_params:
        kind = param.field_info.annotation
        if not (isinstance(kind, type) and issubclass(kind, Sent)):
            files[param.alias] = b""
            continue
        files |= {one: b"" for one, of in kind.model_fields.items() if of.annotation is UploadFile}
        said |= {one: value for one, value in _fields(kind, ids, given) if one not in files}
    content = FILES.get(name.rpartition("/")[2], PICTURE)
    return said | given, dict.fromkeys(files, content)


def _fields(kind: type[Sent], ids: Ids, given: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """The fields of a form that must be there, and those that name a thing of the target."""
    schema = _schema(kind)
    for name, of in schema["properties"].items():
        if name in {"key", "csrf"} | given.keys():
            continue
        if name in schema.get("required", ()) or (name in ids and name != "pin"):
            yield name, _value(name, of, ids, schema)


def _texts(route: Any, ids: Ids, poison: str) -> Iterator[tuple[str, str]]:
    """Every free text of a route's form, filled with poison as far as it may be long."""
    for param in route.dependant.body_params:
        kind = param.field_info.annotation
        if not (isinstance(kind, type) and issubclass(kind, Sent)):
            continue
        for name, of in _schema(kind)["properties"].items():
            one = next(iter(of.get("anyOf", [of])))
            bound = {"pattern", "enum", "format", "$ref", "const"} & one.keys()
            if one.get("type") == "string" and not bound and name not in _NO_TEXTS | set(ids):
                yield name, poison[: one.get("maxLength", len(poison))]


def _text(value: str, ids: Ids) -> str:
    """A value that may name an id: `@task_id`."""
    return re.sub(r"@(\w+)", lambda found: ids[found[1]], value)


def _value(
    name: str, of: Mapping[str, Any], ids: Ids, schema: Mapping[str, Any] | None = None
) -> Any:
    """The smallest value of a field that is meant well, as text."""
    if "$ref" in of and schema is not None:
        of = schema["$defs"][of["$ref"].rpartition("/")[2]]
    if "anyOf" in of:
        of = of["anyOf"][0]
    if of.get("type") == "array":
        return [_value(name.removesuffix("s"), of["items"], ids, schema)]
    if name in ids or name in WORDS:
        return ids.get(name) or WORDS[name]
    return str(of["enum"][0]) if "enum" in of else _plain(name, of, ids)


def _plain(name: str, of: Mapping[str, Any], ids: Ids) -> str:
    """A value by what the API calls it, else by its type alone."""
    kind = str(of.get("format") or of.get("type") or "")
    known = {
        "integer": str(of.get("minimum", 1)),
        "boolean": "true",
        "date": "2026-03-09",
        "time": "09:00",
        "binary": "x",
        "date-time": "2026-03-09T09:00",
        "string": "" if "pattern" in of else "好的",
    }
    try:
        return str(word(name, ids))
    except Unforeseen:
        if not known.get(kind):
            raise
        return known[kind]


def _sent(said: Mapping[str, Any], files: Mapping[str, bytes], file_name: str) -> dict[str, Any]:
    whole = {"key": _KEY, **said}
    if not files:
        kind = "application/x-www-form-urlencoded"
        return {"content": urlencode(whole, doseq=True), "headers": {"Content-Type": kind}}
    parts = []
    for name, value in whole.items():
        for one in value if isinstance(value, list) else [value]:
            head = f'Content-Disposition: form-data; name="{name}"'
            parts.append(f"--{_BOUNDARY}\r\n{head}\r\n\r\n{one}\r\n".encode())
    for name, content in files.items():
        quoted = file_name.replace('"', "%22")
        head = f'Content-Disposition: form-data; name="{name}"; filename="{quoted}"'
        parts.append(f"--{_BOUNDARY}\r\n{head}\r\nContent-Type: image/png\r\n\r\n".encode())
        parts.append(content + b"\r\n")
    body = b"".join([*parts, f"--{_BOUNDARY}--\r\n".encode()])
    kind = f"multipart/form-data; boundary={_BOUNDARY}"
    return {"content": body, "headers": {"Content-Type": kind}}


def who(path: str, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a role, as a browser that entered by the page's door sends them."""
    scheme, _, secret = headers.get("Authorization", "").partition(" ")
    cookie = headers.get("Cookie", "")
    if cookie:
        bank, _, secret = cookie.partition("=")
    elif scheme == "Bearer" and secret:
        bank = "cb-trust"
    else:
        return {}
    door = door_of(path.replace("{slug}", "trust"))
    return {"Cookie": f"{bank}{door}={secret}", "X-CSRF-Token": sittings.csrf_of(secret)}


def leads_to_sign_in(location: str) -> bool:
    """Whether an answer sends who asks to sign in first."""
    return bool(re.match(r"/b/[^/]+/(sign-in|office/sign-in|till/pair)\?next=", location))
