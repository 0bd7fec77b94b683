"""What a request of each page says: as a browser would send it, with a form that is meant well.

A page is asked for with the cookie of its door, whatever proof of who they are the role has; its
form comes from the fields of the form's model, by their names; those that need more sense stand in
`_forms`. Every id is that of the target.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_origin
from urllib.parse import urlencode

from fastapi import FastAPI, UploadFile
from fastapi.routing import iter_route_contexts
from pydantic import TypeAdapter

from api.cookies import door_of
from api.pages.forms import Sent
from creditbank.identity import sittings
from tests.matrix_requests import PICTURE, Unforeseen, word

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
}

# Fields of a form by its route, where a name alone does not say enough.
FORMS: dict[str, dict[str, str]] = {}

# Of several of a kind, the one that a page is about; as `tests.matrix_requests.OTHERS`.
OTHERS: dict[str, dict[str, str]] = {}

QUERIES: dict[str, dict[str, str]] = {}


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


def written(method: str, path: str, name: str, app: FastAPI, ids: Ids) -> dict[str, Any]:
    """Return a request as the client takes it, but for who sends it."""
    ids = {**ids, **{one: ids[other] for one, other in OTHERS.get(name, {}).items()}}
    fields = {one: _value(one, {}, ids) for one in re.findall(r"{(\w+)", path) if one != "slug"}
    text = re.sub(r"{(\w+)[^}]*}", lambda found: fields.get(found[1], "trust"), path)
    route = _routes(app)[method, path]
    asked = {
        one.alias: _value(one.alias, TypeAdapter(one.field_info.annotation).json_schema(), ids)
        for one in route.dependant.query_params
        if one.field_info.is_required()
    }
    request: dict[str, Any] = {"url": text, "params": asked | QUERIES.get(name, {}) or None}
    if method == "GET":
        return request
    said, files = _form(route, name, ids)
    return request | _sent(said, files)


def _form(route: Any, name: str, ids: Ids) -> tuple[dict[str, Any], dict[str, bytes]]:
    said: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    for param in route.dependant.body_params:
        kind = param.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, Sent):
            said |= dict(_fields(kind, ids))
        elif kind is UploadFile or get_origin(kind) is list or "Upload" in str(kind):
            files[param.alias] = PICTURE
        else:
            said[param.alias] = _value(param.alias, {}, ids)
    given = {one: _text(value, ids) for one, value in FORMS.get(name, {}).items()}
    return said | given, files


def _fields(kind: type[Sent], ids: Ids) -> Iterator[tuple[str, Any]]:
    """The fields of a form that must be there, and those that name a thing of the target."""
    schema = kind.model_json_schema()
    for name, of in schema["properties"].items():
        if name in {"key", "csrf"}:
            continue
        if name in schema.get("required", ()) or (name in ids and name != "pin"):
            yield name, _value(name, of, ids, schema)


def _text(value: str, ids: Ids) -> str:
    """A value that may name an id: `@task_id`."""
    return ids[value[1:]] if value.startswith("@") else value


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
        "date-time": "2026-03-09T09:00",
        "string": "" if "pattern" in of else "好的",
    }
    try:
        return str(word(name, ids))
    except Unforeseen:
        if not known.get(kind):
            raise
        return known[kind]


def _sent(said: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
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
        head = f'Content-Disposition: form-data; name="{name}"; filename="a.png"'
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
