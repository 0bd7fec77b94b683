"""Canaries over the main journeys: not one of their words in logs, errors, URLs, metrics, rows."""

import logging
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api import proofs
from api.cli import app
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests import canaries
from tests.faults import program
from tests.integration.test_cli import served
from tests.integration.test_erasures import stands, work
from tests.web import new_key, opened


def test_no_canary_sings(
    database: Database,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Logs, standard error, metrics and rows are free of names, numbers, reasons and secrets.

    The digits of a pay code lie in the database while they live; after the erasure they, too, are
    in no row, no page of the file and no log of the database.
    """
    with caplog.at_level(logging.DEBUG), opened(database, clock) as web:
        journey = canaries.Journey(web)
        member_id = journey.run()
        words = (*canaries.WORDS, canaries.PLACE, *journey.secrets)
        app = web.client.app
        metrics = TestClient(app, client=("127.0.0.1", 50000)).get("/metrics").text
        kept = "\n".join(canaries.everything_in(database))
        assert member_id in kept, "the look was at the right database"
        assert [] == canaries.found_in(kept, words)
        web.made(f"/members/{member_id}/erasures", journey.secrets[0], {"goes": "donate"})
        clock.advance(hours=7 * 24)
        work(web)
        assert "done" == stands(web, member_id)["state"]
        assert 0 == proofs.count(database.read(web.bank.bank_id, proofs.audit))
        rows = "\n".join(canaries.rows_of(database))
    every = (*words, *journey.codes)
    assert [] == canaries.found_in(rows + canaries.file_of(database), every)
    printed = capfd.readouterr()
    assert "_total" in metrics
    for said in (caplog.text, printed.out, printed.err, metrics):
        assert [] == canaries.found_in(said, every)


def test_a_real_server_prints_no_canary(tmp_path: Path) -> None:
    """What a server of its own prints, and the files it leaves, are free of names and numbers."""
    url = f"sqlite:///{tmp_path / 'bank.db'}"
    program.run("init", "--name", "社", url=url)
    said = [
        CliRunner().invoke(app, ["token", "create", "--role", one, "--database", url])
        for one in _ROLES
    ]
    operator, organiser, head = (one.stdout.strip().splitlines()[-1] for one in said)
    words = (*canaries.WORDS, operator, organiser, head)
    with served(url) as (address, process), httpx2.Client(base_url=address) as client:

        def post(path: str, secret: str, body: object) -> httpx2.Response:
            headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": new_key()}
            return client.post(f"/v1/b/trust{path}", headers=headers, json=body)

        home = post("/communities", operator, {"name": "河东"}).json()
        body = {"name": canaries.NAME, "phone": canaries.PHONE, "born_on": canaries.BORN_ON}
        made = post("/members", organiser, body | {"document": canaries.DOCUMENT} | home)
        assert 201 == made.status_code, made.text
        path = f"/members/{made.json()['member_id']}"
        asked = {"fields": ["name", "phone"], "reason": canaries.WHY}
        assert canaries.PHONE in post(f"{path}/reveal", head, asked).text
        for wrong in (body, body | home | {"role": canaries.NAME}, [canaries.PHONE], canaries.NAME):
            refused = post("/members", organiser, wrong)
            assert 400 <= refused.status_code < 500
            assert [] == canaries.found_in(refused.text + str(refused.headers), words)
        metrics = client.get("/metrics").text
        process.terminate()
        printed = "".join(process.communicate(timeout=30))
    kept = "".join(
        one.read_bytes().decode(errors="replace") for one in tmp_path.iterdir() if one.is_file()
    )
    assert "/v1/b/{slug}/members/{member_id}/reveal" in printed, "the log was really read"
    assert "_total" in metrics
    for text in (printed, metrics, kept):
        assert [] == canaries.found_in(text, words)


_ROLES = ("operator", "organiser", "community_head")


def test_the_look_finds_what_is_there(database: Database, clock: ManualClock) -> None:
    """A word that is kept in plain, such as a task's title, is found: the look is no blind one."""
    with opened(database, clock) as web:
        web.publish(title=canaries.NAME)
        kept = "\n".join(canaries.everything_in(database))
    assert [canaries.NAME] == canaries.found_in(kept, canaries.WORDS)
