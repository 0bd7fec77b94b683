"""Points that newcomers bring along: nobody confirms them who uploaded the list or gains by it."""

import pytest

from api.scheduler import WORKS, run_due
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Declined, Unit
from creditbank.identity import arrival_parts, arrival_slices, arrivals, openings
from creditbank.identity.arrival_states import ArrivalState
from creditbank.identity.arrivals import Newcomer
from creditbank.identity.openings import OwnArrival
from creditbank.people import members
from creditbank.people.members import Registered
from tests.society import ORGANISER, Society

DOCUMENT = "11010519491231002X"
OTHERS = "110101199001011237"
ARRIVE = [one for one in WORKS if one.kind == arrival_slices.KIND]


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def registered(society: Society, document: str) -> str:
    """Take somebody in, and return the row."""
    key = society.name()

    def take_in(unit: Unit) -> Registered | Declined:
        at = society.community_id
        return members.register(unit, name="李四", community_id=at, document=document, key=key)

    return society.by(ORGANISER, take_in).member_id


def written(society: Society, uploader: Actor, document: str | None = None) -> str:
    """A list with one person and ten points, written and waiting for a second person."""
    digest, key = society.name().ljust(64, "0")[:64], society.name()

    def uploaded(unit: Unit) -> str:
        made = str(arrivals.announce(unit, digest=digest, written_as="XLSX", key=key))
        who = Newcomer(2, "张三", society.community_id, document=document, openings=(("XYB", 10),))
        arrival_parts.store(unit, arrival_id=made, first=0, newcomers=[who])
        at = [society.community_id]
        arrivals.make_ready(unit, arrival_id=made, rows=1, community_ids=at, totals={"XYB": 10})
        arrivals.begin(unit, arrival_id=made, key=f"begin-{made}")
        return made

    made = society.by(uploader, uploaded)
    run_due(society.database, "worker", ARRIVE)
    return str(made)


def confirmed(society: Society, by: Actor, arrival_id: str) -> object:
    """What comes of a second person's yes."""
    key = society.name()
    return society.by(
        by,
        lambda unit: openings.confirm(unit, arrival_id=arrival_id, totals={"XYB": 10}, key=key),
    )


def test_a_second_account_of_the_uploader_is_no_second_person(society: Society) -> None:
    """Who uploaded the list can't confirm it as a row with the same document; others can."""
    mine, my_other = registered(society, DOCUMENT), registered(society, "110105 19491231 002x")
    made = written(society, Actor("stf_uploads", "organiser", mine))
    for own in (Actor("stf_uploads", "reviewer"), Actor("stf_again", "reviewer", my_other)):
        with pytest.raises(OwnArrival):
            confirmed(society, own, made)
    assert ArrivalState.POSTING == confirmed(society, Actor("stf_second", "reviewer"), made)


def test_who_is_on_the_list_does_not_confirm_it(society: Society) -> None:
    """Somebody whose own second row is on the list can't confirm its points."""
    mine = registered(society, OTHERS)
    made = written(society, Actor("stf_uploads", "organiser"), document=OTHERS)
    with pytest.raises(OwnArrival):
        confirmed(society, Actor("stf_listed", "reviewer", mine), made)
