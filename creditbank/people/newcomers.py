"""Newcomers: rows of many new members at once, in as few statements as one of them takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from creditbank.core import counters
from creditbank.core.bulk import insert_new
from creditbank.core.units import Unit
from creditbank.people.errors import NumberTaken
from creditbank.people.members import (
    NUMBERS_GIVEN,
    MemberKind,
    Registered,
    Status,
    members,
)


def enrol_all(unit: Unit, wanted: Sequence[tuple[str, str | None]]) -> list[Registered]:
    """Make the rows of new members, each in a community and with a number, or with the next one.

    The communities are there, the numbers fit to be one; whoever calls has seen to both.

    Raises:
        NumberTaken: another member has one of the numbers.
    """
    rows = [_row(unit, community_id) for community_id, _ in wanted]
    named = [
        row | {"number": number}
        for row, (_, number) in zip(rows, wanted, strict=True)
        if number is not None
    ]
    _insert_named(unit, named)
    numbers = {row["member_id"]: str(row["number"]) for row in named}
    numbers |= _insert_unnamed(unit, [row for row in rows if row["member_id"] not in numbers])
    return [Registered(row["member_id"], numbers[row["member_id"]]) for row in rows]


def _row(unit: Unit, community_id: str) -> dict[str, Any]:
    return {
        "bank_id": unit.bank_id,
        "member_id": unit.new_id("mem"),
        "community_id": community_id,
        "kind": MemberKind.RESIDENT,
        "status": Status.ACTIVE,
        "joined_on": unit.today,
        "merged_into": None,
    }


def _insert_named(unit: Unit, rows: Sequence[dict[str, Any]]) -> None:
    made = _insert(unit, sorted(rows, key=lambda row: str(row["number"])))
    for row in rows:
        if row["member_id"] not in made:
            raise NumberTaken(row["number"])


def _insert_unnamed(unit: Unit, rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Give each the next number that nobody has; return the numbers by member."""
    if not rows:
        return {}
    given = last = counters.lock(unit, [NUMBERS_GIVEN])[NUMBERS_GIVEN]
    numbers: dict[str, str] = {}
    waiting = list(rows)
    while waiting:
        tried = [row | {"number": f"M{last + n:04d}"} for n, row in enumerate(waiting, start=1)]
        last += len(tried)
        made = _insert(unit, sorted(tried, key=lambda row: str(row["number"])))
        numbers |= {row["member_id"]: row["number"] for row in tried if row["member_id"] in made}
        waiting = [row for row in waiting if row["member_id"] not in numbers]
    counters.add(unit, {NUMBERS_GIVEN: last - given})
    return numbers


def _insert(unit: Unit, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Insert members, and return the ids of those whose numbers were free."""
    return insert_new(unit, members, rows, telling=("member_id",)) if rows else set()
