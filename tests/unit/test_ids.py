"""Ids: their form, and that a replayed unit draws the same ones whatever it finds this time."""

from datetime import UTC, datetime

from creditbank.core.ids import IdSource, is_id

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_an_id_says_what_it_is() -> None:
    """A prefix, an underscore and 26 letters that cannot be misread."""
    made = IdSource().prefixed("mem", NOW)
    assert is_id(made, "mem")
    assert not set("ilou") & set(made.split("_")[1])


def test_what_is_no_id() -> None:
    """Another prefix, another length, capitals and strange letters are no id."""
    made = IdSource().prefixed("mem", NOW)
    strange = [made.replace("mem", "tsk"), made[:-1], made + "0", made.upper(), "mem", "mem_", ""]
    strange += [made[:-1] + "i", made[:-1] + "é", made[:-1] + "/"]
    assert [] == [one for one in strange if is_id(one, "mem")]


def test_ids_of_one_instant_differ() -> None:
    """A clock that stands still makes no two ids alike."""
    ids = IdSource()
    assert 10_000 == len({ids.prefixed("mem", NOW) for _ in range(10_000)})


def test_numbers_of_one_unit_differ_and_fit() -> None:
    """Ten thousand accounts of one instant get different positive numbers of 63 bits."""
    ids = IdSource()
    numbers = {ids.number(NOW) for _ in range(10_000)}
    assert 10_000 == len(numbers)
    assert 0 < min(numbers) <= max(numbers) < 2**63


def test_a_replay_draws_the_same_again() -> None:
    """After a rewind ids, numbers and digits come again in the same order."""
    ids = IdSource()

    def drawn() -> list[object]:
        return [
            ids.prefixed("trf", NOW),
            ids.number(NOW),
            ids.number(NOW),
            ids.digits(18),
            ids.prefixed("trf", NOW),
            ids.prefixed("hld", NOW),
        ]

    first = drawn()
    ids.rewind()
    assert first == drawn()


def test_a_replay_that_goes_another_way_draws_what_fits() -> None:
    """Where a replay needs no number any more, its ids are still the ids of the first run."""
    ids = IdSource()
    ids.number(NOW)
    first = [ids.prefixed("trf", NOW), ids.prefixed("hld", NOW), ids.digits(6)]
    ids.rewind()
    again = [ids.digits(6), ids.prefixed("hld", NOW), ids.prefixed("trf", NOW)]
    assert first == again[::-1]
    assert ids.number(NOW) > 0


def test_digits_keep_their_leading_zeros() -> None:
    """Eighteen digits are eighteen characters."""
    drawn = [IdSource().digits(3) for _ in range(500)]
    assert {3} == {len(one) for one in drawn}
    assert any(one.startswith("0") for one in drawn)
