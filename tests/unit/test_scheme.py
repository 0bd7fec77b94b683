"""The parameters of a programme: bounds, contradictions, and names that do not exist."""

import json
from dataclasses import asdict

import pytest

from creditbank.core.errors import BadField
from creditbank.schemes import parameters
from tests.programme import SCHEMES, read


def _medals(by: str, *values: int) -> list[dict[str, object]]:
    tiers = ("gold", "silver", "bronze")
    return [
        {"tier": tier, "by": by, "value": value} for tier, value in zip(tiers, values, strict=False)
    ]


@pytest.mark.parametrize(
    ("parameter", "given"),
    [
        ("colour", {"colour": 1}),
        ("code_ttl_s", {"code_ttl_s": 0}),
        ("code_ttl_s", {"code_ttl_s": "60"}),
        ("code_ttl_s", {"code_ttl_s": None}),
        ("refund_days", {"refund_days": True}),
        ("refund_days", {"refund_days": 1.5}),
        ("code_period_s", {"code_ttl_s": 20, "code_period_s": 30}),
        ("no_pin_points_most", {"no_pin_points_most": 101}),
        ("validity_months", {"validity_months": 0}),
        ("rounding", {"rounding": "up"}),
        ("ranked_assets", {"ranked_assets": "XYB"}),
        ("ranked_assets", {"ranked_assets": ["XYB", "XYB"]}),
        ("medals", {"medals": "gold"}),
        ("medals", {"medals": [{"tier": "gold"}]}),
        ("medals", {"medals": [{"tier": "tin", "by": "count", "value": 1}]}),
        ("medals", {"medals": [{"tier": "gold", "by": "count", "value": 0}]}),
        ("medals", {"medals": _medals("count", 1, 1)[::-1]}),
        ("medals", {"medals": _medals("threshold", 10, 10)}),
        ("medals", {"medals": _medals("share_percent", 60, 41)}),
    ],
)
def test_a_bad_parameter_is_named(parameter: str, given: dict[str, object]) -> None:
    """Unknown, out of bounds or contradictory: the error names it."""
    with pytest.raises(BadField) as refused:
        parameters.read(given)
    assert parameter == refused.value.field


def test_what_is_not_named_keeps_its_default() -> None:
    """Parameters that a programme leaves open are those of the defaults."""
    assert parameters.Scheme(refund_days=7) == parameters.read({"refund_days": 7})


@pytest.mark.parametrize("name", sorted(one.name for one in SCHEMES.glob("*.toml")))
def test_what_is_kept_is_what_was_adopted(name: str) -> None:
    """Written out as JSON and read again, a scheme is the same one."""
    found = read(name).scheme
    assert found is not None
    assert found == parameters.read(json.loads(json.dumps(asdict(found))))


def test_what_holds_of_an_asset() -> None:
    """Its own validity before the scheme's; a category's own rate before that of all others."""
    scheme = parameters.read(
        {
            "validity_months": 12,
            "assets": [{"asset": "XYB", "validity_months": 3}, {"asset": "VOL"}],
            "rates": [
                {"asset": "XYB", "units": 5, "per": "hour"},
                {"asset": "XYB", "units": 9, "per": "person", "category": "care"},
            ],
        }
    )
    assert [3, 12, 12] == [scheme.of_asset(one).validity_months for one in ("XYB", "VOL", "NEW")]
    assert [9, 5, 5] == [scheme.rewards_of(one)[0].units for one in ("care", "patrol", None)]
