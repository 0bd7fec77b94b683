"""The registry of personal data knows every column of every table, each once."""

import re

import pytest

from api import schema
from api.privacy.registry import OF_NOBODY, PERSONAL

TABLES = {
    table.name: {column.name for column in table.columns} - {"bank_id"}
    for table in schema.metadata().sorted_tables
}
_SOMEBODY = re.compile(
    r"(member_id|holder_id|subject_id|guardian_id|kept_id|old_id|delegate_id|leader_id|relative_id"
    r"|beneficiary_id|caller|.*_by_member)"
)


def classified(table: str) -> list[str]:
    """What the registry says of a table."""
    kept = PERSONAL.get(table)
    return kept.columns() if kept is not None else OF_NOBODY.get(table, "").split()


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_column_is_classified_once(table: str) -> None:
    """A new column or table is told apart before it is used: whose, shown or not, what ends it."""
    said = classified(table)
    assert sorted(TABLES[table]) == sorted(said)


def test_no_table_is_in_both_lists_or_gone() -> None:
    """The registry names what there is, and each table in one of its lists."""
    assert not PERSONAL.keys() & OF_NOBODY.keys()
    assert set(TABLES) == PERSONAL.keys() | OF_NOBODY.keys()


def test_whoever_a_column_names_is_a_subject_or_acted() -> None:
    """No column that names a person hides among plain figures."""
    for table, kept in PERSONAL.items():
        hidden = [one for one in kept.plain.split() if _SOMEBODY.fullmatch(one)]
        assert [] == hidden, table
    for table, columns in OF_NOBODY.items():
        hidden = [one for one in columns.split() if _SOMEBODY.fullmatch(one)]
        assert [] == hidden, table


def test_what_is_cleared_is_there_and_not_deleted() -> None:
    """A wipe changes columns of its table, and only where the rows stay."""
    for table, kept in PERSONAL.items():
        assert kept.cleared.keys() <= TABLES[table], table
        assert not (kept.deleted and kept.cleared), table
