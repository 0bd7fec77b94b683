"""Errors: each leaf says what happened in two languages and survives being stored as JSON."""

import importlib
import json
import pkgutil
import string
from typing import Any

import pytest

import creditbank
import merchants
from creditbank.core import errors
from creditbank.core.errors import CreditbankError

for _package in (creditbank, merchants):
    for _module in pkgutil.walk_packages(_package.__path__, f"{_package.__name__}."):
        importlib.import_module(_module.name)

LEAVES = sorted(CreditbankError.by_slug.items())
FAMILIES = (
    errors.Malformed,
    errors.Unauthenticated,
    errors.Forbidden,
    errors.NotFound,
    errors.Refused,
    errors.Gone,
    errors.Unavailable,
    errors.Broken,
)

TRY_AGAIN = {"busy", "lease-lost"}  # nothing was decided


def made(leaf: type[CreditbankError]) -> CreditbankError:
    """An error with a figure in each field."""
    names = getattr(leaf, "__dataclass_fields__", {})
    return leaf(**dict.fromkeys(names, 7))


@pytest.mark.parametrize(("slug", "leaf"), LEAVES)
def test_a_leaf_belongs_to_one_family(slug: str, leaf: type[CreditbankError]) -> None:
    """The web maps families to statuses, so each leaf has exactly one."""
    assert (slug, 1) == (leaf.slug, sum(issubclass(leaf, family) for family in FAMILIES))


@pytest.mark.parametrize(("_slug", "leaf"), LEAVES)
def test_both_sentences_can_be_said(_slug: str, leaf: type[CreditbankError]) -> None:
    """Both languages use fields that the error has, and Chinese is Chinese."""
    error = made(leaf)
    for sentence in (leaf.zh, leaf.en):
        asked = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
        assert asked <= error.figures.keys()
    assert any("一" <= letter <= "鿿" for letter in error.sentence("zh"))
    assert error.sentence("en") == str(error)


@pytest.mark.parametrize(("_slug", "leaf"), LEAVES)
def test_a_stored_refusal_is_the_same_refusal(_slug: str, leaf: type[CreditbankError]) -> None:
    """Slug and figures, written as JSON, bring back an error of the same type and figures."""
    error = made(leaf)
    figures: dict[str, Any] = json.loads(json.dumps(error.figures))
    again = CreditbankError.by_slug[error.slug](**figures)
    assert (type(error), error.figures) == (type(again), again.figures)


@pytest.mark.parametrize(("_slug", "leaf"), LEAVES)
def test_what_a_key_remembers(_slug: str, leaf: type[CreditbankError]) -> None:
    """State, funds, unknown and expired things are outcomes; form, rights and faults are not."""
    outcome = issubclass(leaf, errors.NotFound | errors.Refused | errors.Gone)
    assert (outcome and leaf.slug not in TRY_AGAIN) == leaf.final


def test_an_error_is_caught_by_what_it_is() -> None:
    """Two errors with the same figures are two errors, and can be put in a set."""
    first, second = errors.TransferNotFound("trf_1"), errors.TransferNotFound("trf_1")
    assert 2 == len({first, second})
