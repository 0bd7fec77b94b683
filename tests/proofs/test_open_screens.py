"""Two hundred code pages open on one server process."""

from pathlib import Path

import pytest

from tests.faults import durable, open_screens
from tests.proofs.conftest import Proof

PEOPLE = 200
TILLS = 4
TOLD_MS_MOST = 1000
STOPS_S_MOST = 5


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_two_hundred_open_screens(proof: Proof, kind: str, tmp_path: Path) -> None:
    """200 volunteers with the code page open on one process: each told, and the server stops."""
    with durable.fresh(kind, tmp_path) as url:
        told = open_screens.tell(url, tmp_path, people=PEOPLE, tills=TILLS)
    proof(
        f"{PEOPLE} volunteers with the code page open on one server process: each told of their "
        f"payment within about 1 s, {kind}",
        f"{len(told.waited_s)} told, from the till's tap to “paid” on the phone: median "
        f"{told.median_ms} ms, longest {told.longest_ms} ms; {told.untold} not told",
        met=len(told.waited_s) == PEOPLE and told.longest_ms <= TOLD_MS_MOST,
    )
    proof(
        f"the server stops within 5 s of SIGTERM with all {PEOPLE} connected, {kind}",
        f"{told.stopped_after_s:.1f} s; {told.streams_ended} streams ended by the server",
        met=told.stopped_after_s <= STOPS_S_MOST and told.streams_ended == PEOPLE,
    )
