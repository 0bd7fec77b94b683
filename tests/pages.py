"""A visitor of the pages without any script: reads what is shown, fills forms in, follows links.

Every page must work like this; browsers with scripts are in ``tests/e2e``. A visitor is signed in
by the cookie of a door, which holds an access token's secret here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bs4 import BeautifulSoup, Tag
from httpx2 import Response
from starlette.testclient import TestClient

from api.edge.cookies import Door

JSONISH = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """A form of a page as it was sent to the visitor."""

    visitor: Visitor
    method: str
    action: str
    fields: dict[str, list[str]]
    choices: dict[str, list[str]]

    def send(self, **filled: Any) -> Shown:
        """Send it, with what was filled in or changed; None leaves a field out."""
        said = dict(self.fields)
        for name, value in filled.items():
            if value is None:
                said.pop(name, None)
            else:
                said[name] = (
                    [str(one) for one in value] if isinstance(value, list) else [str(value)]
                )
        if self.method == "get":
            return self.visitor.get(self.action, **{name: said[name] for name in said})
        return self.visitor.post(self.action, said)


class Shown:
    """What came back: the page after all redirects."""

    def __init__(self, visitor: Visitor, response: Response) -> None:
        self.visitor = visitor
        self.response = response
        self.status = response.status_code
        self.path = urlsplit(str(response.url)).path
        self.query = dict(parse_qsl(urlsplit(str(response.url)).query))
        self.html = response.text

    @cached_property
    def soup(self) -> BeautifulSoup:
        """The page as a tree; most pages are only passed through."""
        return BeautifulSoup(self.html, "html.parser")

    @property
    def text(self) -> str:
        """The words of the page itself, without bar and menus."""
        part = self.soup.find("main") or self.soup
        return " ".join(part.get_text(" ", strip=True).split())

    def form(self, action: str) -> Form:
        """The form whose address ends like this; the first one if there are several."""
        several = [one for one in self.soup.find_all("form") if str(one["action"]).endswith(action)]
        assert several, f"{self.path} has no form to {action}: {self.text[:500]}"
        return _form(self.visitor, several[0], self.path)

    def forms(self) -> list[Form]:
        """Every form of the page."""
        return [_form(self.visitor, one, self.path) for one in self.soup.find_all("form")]

    def links(self) -> list[str]:
        """Where the page leads within the house."""
        return [str(one["href"]) for one in self.soup.find_all("a", href=True)]


def _form(visitor: Visitor, form: Tag, path: str) -> Form:
    fields: dict[str, list[str]] = {}
    choices: dict[str, list[str]] = {}
    for one in form.find_all(["input", "select", "textarea", "button"]):
        name, kind = one.get("name"), one.get("type", "")
        if name is None or one.has_attr("disabled"):
            continue
        name = str(name)
        if one.name == "select":
            options = [str(each.get("value", each.text)) for each in one.find_all("option")]
            chosen = [str(each.get("value")) for each in one.find_all("option", selected=True)]
            choices[name] = options
            fields.setdefault(name, []).extend(chosen or options[:1])
        elif one.name == "textarea":
            fields[name] = [one.text.strip()]
        elif one.name == "button":
            choices.setdefault(name, []).append(str(one.get("value", "")))
        elif kind in {"checkbox", "radio"}:
            choices.setdefault(name, []).append(str(one.get("value", "on")))
            if one.has_attr("checked"):
                fields.setdefault(name, []).append(str(one.get("value", "on")))
        elif kind != "file":
            fields.setdefault(name, []).append(str(one.get("value", "")))
    action = str(form.get("action") or path)
    return Form(visitor, str(form.get("method", "get")).lower(), action, fields, choices)


class Visitor:
    """A browser without scripts, in front of one bank."""

    def __init__(self, client: TestClient, *, bank: str = "trust", **cookies: str) -> None:
        """Open it; ``cookies`` are secrets by the name of the door: resident, office, till."""
        self._client = client
        self.base = f"/b/{bank}"
        doors = {door.name.lower(): door for door in Door}
        kept = {f"cb-{bank}{doors[name]}": secret for name, secret in cookies.items()}
        self.cookies = kept | {"cb-look": "zh.plain.auto"}

    def _headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def _address(self, path: str) -> str:
        return path if path.startswith(("/b/", "/static/", "http")) else f"{self.base}{path}"

    def get(self, path: str, **query: Any) -> Shown:
        """Open a page of the bank."""
        response = self._client.get(
            self._address(path),
            params=query or None,
            headers=self._headers(),
            follow_redirects=False,
        )
        return self._follow(response)

    def post(self, path: str, fields: dict[str, Any], files: Any = None, **headers: str) -> Shown:
        """Send a form as it is."""
        response = self._client.post(
            self._address(path),
            data=fields,
            files=files,
            headers=self._headers() | headers,
            follow_redirects=False,
        )
        return self._follow(response)

    def _follow(self, response: Response) -> Shown:
        self._keep(response)
        if response.status_code in {302, 303, 307} or "hx-redirect" in response.headers:
            address = response.headers.get("location") or response.headers["hx-redirect"]
            return self._follow(
                self._client.get(address, headers=self._headers(), follow_redirects=False)
            )
        return Shown(self, response)

    def _keep(self, response: Response) -> None:
        self._client.cookies.clear()  # several visitors share one client
        for said in response.headers.get_list("set-cookie"):
            name, _, rest = said.partition("=")
            value = rest.partition(";")[0].strip('"')
            if value and "Max-Age=0" not in rest:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
