"""Words of a family: what people are to each other, where masked names look alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from creditbank.core.units import View
from creditbank.people import relatives
from creditbank.people.relatives import Relation
from creditbank.people.stays import Standing, Stay

# what the other one is to me → (中文, English)
RELATIONS: Mapping[Relation, tuple[str, str]] = {
    Relation.PARENT: ("父母", "parent"),
    Relation.CHILD: ("子女", "child"),
    Relation.GRANDPARENT: ("祖辈", "grandparent"),
    Relation.GRANDCHILD: ("孙辈", "grandchild"),
    Relation.SPOUSE: ("配偶", "spouse"),
    Relation.SIBLING: ("兄弟姐妹", "sibling"),
    Relation.OTHER: ("其他亲属", "relative"),
    Relation.GUARDIAN: ("监护人", "guardian"),
    Relation.WARD: ("被监护人", "ward"),
}
STANDINGS: Mapping[Standing, tuple[str, str]] = {
    Standing.HEAD: ("户主", "head"),
    Standing.ADULT: ("成人", "adult"),
    Standing.CHILD: ("孩子", "child"),
}


def of(view: View, member_id: str, people: Sequence[Stay]) -> dict[str, tuple[str, str]]:
    """Return what each of a household is to a member: the relation on record, else the standing."""
    known = {
        one.relative_id: RELATIONS[one.relation]
        for one in relatives.history(view, member_id)
        if one.ended_at is None
    }
    return {one.member_id: known.get(one.member_id, STANDINGS[one.standing]) for one in people}
