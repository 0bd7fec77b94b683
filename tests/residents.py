"""Residents with their phones: codes are read from the outbox, devices keep cookies."""

import json
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from api.senders import OutboxSender
from creditbank.core.units import Actor
from creditbank.identity import phones
from tests.web import Web, new_key

PHONE = "13800000001"
OTHER_PHONE = "13900000002"
THIRD_PHONE = "13700000003"
PIN = "739184"
OTHER_PIN = "841973"
JOINING = Actor("anon", "none")


class Outbox:
    """The texts that were sent, in place of a provider."""

    def __init__(self, web: Web, path: Path) -> None:
        self._path = path
        self.app = cast("FastAPI", web.client.app)
        self.app.state.sender = OutboxSender(path)

    def texts(self, phone: str) -> list[str]:
        """The texts to a phone, in order."""
        if not self._path.exists():
            return []
        lines = [json.loads(line) for line in self._path.read_text().splitlines()]
        return [line["text"] for line in lines if line["phone"] == phone]

    def code(self, phone: str) -> str:
        """The last code that came to a phone."""
        return self.texts(phone)[-1].split("验证码 ")[1][:6]


class Device:
    """A browser of its own: it keeps its cookie and sends the page's word along with writes."""

    def __init__(self, outbox: Outbox, bank: str = "trust") -> None:
        self.outbox = outbox
        self.bank = bank
        self.client = TestClient(outbox.app, raise_server_exceptions=False)
        self.csrf = ""

    def get(self, path: str) -> Response:
        """Ask for something by cookie."""
        return self.client.get(f"/v1/b/{self.bank}{path}")

    def post(
        self, path: str, body: object = None, *, key: str = "", csrf: str | None = None
    ) -> Response:
        """Write something by cookie."""
        return self.send("POST", path, body, key=key, csrf=csrf)

    def put(self, path: str, body: object) -> Response:
        """Put something by cookie."""
        return self.send("PUT", path, body)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str = "",
        csrf: str | None = None,
        **headers: str,
    ) -> Response:
        """Write something by cookie; without ``csrf`` with the word that belongs to it."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers |= {"Idempotency-Key": key or new_key()}
        word = self.csrf if csrf is None else csrf
        if word:
            headers["X-CSRF-Token"] = word
        path = f"/v1/b/{self.bank}{path}"
        return self.client.request(method, path, headers=headers, json=body)

    def ask(self, phone: str = PHONE) -> dict[str, Any]:
        """Ask for a code, which must be sent."""
        answer = self.post("/sign-in/codes", {"phone": phone})
        assert answer.status_code == 200, answer.text
        asked: dict[str, Any] = answer.json()
        return asked

    def typed(self, asked: dict[str, Any], phone: str = PHONE) -> dict[str, Any]:
        """What a form holds that was filled in right."""
        code = self.outbox.code(phone)
        return {"attempt_id": asked["attempt_id"], "phone": phone, "code": code}

    def sign_in(self, phone: str = PHONE) -> dict[str, Any]:
        """Ask for a code and sign in with it; the answer."""
        body = self.typed(self.ask(phone), phone) | {"device": "手机"}
        answer = self.post("/sign-in", body)
        assert answer.status_code == 200, answer.text
        done: dict[str, Any] = answer.json()
        self.csrf = done["csrf"] or ""
        return done


def resident(web: Web, phone: str = PHONE) -> str:
    """Take a member in who has proven a phone; returns the id."""
    member_id, _ = web.member()
    web.database.write(
        web.bank.bank_id,
        JOINING,
        lambda unit: phones.link(unit, member_id=member_id, phone=phone),
    )
    return member_id
