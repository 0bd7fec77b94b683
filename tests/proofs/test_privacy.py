"""Privacy at full size: canaries over the main journeys, and a master key for 10,000 keys."""

import logging
import time
from contextlib import closing
from pathlib import Path

import pytest

from api import proofs
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.vault import Vault
from tests import canaries
from tests.integration.test_erasures import stands, work
from tests.proofs.conftest import Proof
from tests.web import opened

JOURNEYS = 25
KEYS = 10_000


def test_canaries(
    proof: Proof,
    database: Database,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """25 people with the same canary words go through every journey and are erased."""
    kind = database.url.get_backend_name()
    secrets: list[str] = []
    codes: list[str] = []
    with caplog.at_level(logging.DEBUG), opened(database, clock) as web:
        people = []
        for _ in range(JOURNEYS):
            journey = canaries.Journey(web)
            people.append(journey.run())
            secrets += journey.secrets
            codes += journey.codes
            token = journey.secrets[0]
            web.made(f"/members/{people[-1]}/erasures", token, {"goes": "donate"})
        before = canaries.found_in(
            "\n".join(canaries.everything_in(database)), (*canaries.WORDS, *secrets)
        )
        clock.advance(hours=7 * 24)
        work(web)
        done = sum(stands(web, one)["state"] == "done" for one in people)
        findings = proofs.count(database.read(web.bank.bank_id, proofs.audit))
        rows = "\n".join(canaries.rows_of(database))
    every = (*canaries.WORDS, *secrets, *codes)
    after = canaries.found_in(rows + canaries.file_of(database), every)
    printed = capfd.readouterr()
    said = canaries.found_in(caplog.text + printed.out + printed.err, every)
    proof(
        f"canary names, phones, documents, birth dates, reasons, tokens and codes, {kind}",
        f"{JOURNEYS} people, {len(every)} words; in logs and output {len(said)}, in the database "
        f"{len(before)} before and {len(after)} after {done} erasures; audit findings {findings}",
        met=not said and not before and not after and done == JOURNEYS and not findings,
    )


def test_ten_thousand_keys(proof: Proof, tmp_path: Path) -> None:
    """A new master key for 10,000 persons' keys: none is lost."""
    with closing(Vault(tmp_path / "persons.keys")) as vault:
        made = [vault.new_key() for _ in range(KEYS)]
        sealed = [(one, vault.seal(one, "name", one)) for one in made]
        began = time.monotonic()
        wrapped = vault.file.rotate()
        took_s = time.monotonic() - began
        vault.file.confirm()
    with closing(Vault(tmp_path / "persons.keys")) as vault:
        lost = sum(vault.unseal(one, "name", text) != one for one, text in sealed)
    proof(
        "rotation of the master key over 10,000 keys: 0 lost",
        f"{wrapped:,} keys wrapped anew in {took_s:.2f} s, {lost} of {KEYS:,} lost",
        met=lost == 0 and wrapped >= KEYS,
    )
