"""Files of rules: every finding has its line; explained in full; the reference is the program's."""

from dataclasses import fields
from pathlib import Path

import pytest

from creditbank.schemes import explaining, files, reference
from creditbank.schemes.asset_rules import AssetRules
from creditbank.schemes.asset_sentences import OF_ASSET
from creditbank.schemes.parameters import Scheme
from creditbank.schemes.sentences import PARAMETERS
from tests.programme import SCHEMES, read

SOUND = """
[[assets]]
asset = "XYB"
reward_most = 10
"""
STAR = '[[assets]]\nasset = "STAR"\nreward_most = 1\n'
RATE = '[[rates]]\nasset = "XYB"\nunits = 5\nper = "hour"\n'


def _findings(text: str) -> list[tuple[int, str]]:
    return [(one.line, one.field) for one in files.parsed(text).findings]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ([], SOUND),
        ([(2, "TOML")], "a = 1\nb = = 2\n"),
        ([(1, "colour")], f"colour = 1\n{SOUND}"),
        ([(2, "refund_days")], f"code_ttl_s = 60\nrefund_days = -1\n{SOUND}"),
        ([(1, "refund_days"), (2, "colour"), (3, "rounding")],
         f'refund_days = 400\ncolour = 1\nrounding = "up"\n{SOUND}'),
        ([(1, "remainder")], f'remainder = "carry"\nrounding = "half_hours"\n{SOUND}'),
        ([(5, "assets.0.cap_weekly")], f"{SOUND}cap_weekly = 5\n"),
        ([(5, "assets.0.welcome")], f"{SOUND}welcome = -3\n"),
        ([(5, "assets.0.storage_cap"), (6, "assets.0.welcome")],
         f"{SOUND}storage_cap = 0\nwelcome = 1.5\n"),
        ([(5, "assets.0.cap_day")], f"{SOUND}cap_day = 9\ncap_month = 8\n"),
        ([(5, "assets.0.welcome")], f"{SOUND}welcome = 9\nstorage_cap = 8\n"),
        ([(5, "assets.0.over_cap")], f'{SOUND}over_cap = "fund"\ncap_day = 5\n'),
        ([(6, "assets.0.over_cap")], f'{SOUND}over_to = "elders"\nover_cap = "fund"\n'),
        ([(6, "assets.0.over_to")], f'{SOUND}cap_day = 5\nover_to = "elders"\n'),
        ([(7, "assets.0.over_to")],
         f'{SOUND}cap_day = 5\nover_cap = "honour"\nover_to = "STAR"\n'),
        ([(7, "assets.0.over_to")],
         f'{SOUND}cap_day = 5\nover_cap = "honour"\nover_to = "STAR"\n{STAR}'),
        ([(7, "assets.0.over_to")],
         f'{SOUND}cap_day = 5\nover_cap = "fund"\nover_to = "a/b"\n'),
        ([(6, "assets.0.over_cap")],
         f'{SOUND}cap_day = 5\nover_cap = "fund"\nover_to = "x"\nkind = "honour"\n'),
        ([(1, "donations")],
         f'donations = false\n{SOUND}cap_day = 5\nover_cap = "fund"\nover_to = "x"\n'),
        ([(6, "assets.1.asset")], f'{SOUND}[[assets]]\nasset = "XYB"\nreward_most = 1\n'),
        ([(5, "assets.0.kind")], f'{SOUND}kind = "money"\n'),
        ([(2, "spend_confirmed_below_age")],
         f"spend_on_oneself_from_age = 16\nspend_confirmed_below_age = 14\n{SOUND}"),
        ([(1, "gift_units_day")], f'gift_units_day = 0\ngifts = "relatives"\n{SOUND}'),
        ([(1, "gift_units_day")], f"gift_units_day = 5\n{SOUND}"),
        ([(1, "gifts")], f'gifts = "relatives"\n{SOUND}kind = "honour"\n'),
        ([(1, "donations")], f'donations = false\nteam_earnings = "team"\n{SOUND}'),
        ([(2, "donation_order")], f'donations = false\ndonation_order = "oldest"\n{SOUND}'),
        ([(1, "exchange_units_hour")], f"exchange_units_hour = 5\n{SOUND}"),
        ([(1, "exchange_asset")], f'exchange_asset = "HOUR"\n{SOUND}'),
        ([(1, "exchange_asset")], f'exchange_asset = "XYB"\n{SOUND}kind = "honour"\n'),
        ([(7, "rates.0.units")], f'{SOUND}[[rates]]\nasset = "XYB"\nunits = -5\nper = "hour"\n'),
        ([(7, "rates.0.units")], f'{SOUND}[[rates]]\nasset = "XYB"\nunits = 11\nper = "hour"\n'),
        ([(5, "rates.0.per")], f'{SOUND}[[rates]]\nasset = "XYB"\nunits = 5\n'),
        ([(11, "rates.0.category")],
         f'[names]\ncare = "照护"\n{SOUND}{RATE}category = "crae"\n'),
        ([(2, "medals")], f"confirmed_categories = []\nmedals = [\n  1,\n]\n{SOUND}"),
        ([(2, "assets.0.asset")], '[[assets]]\nasset = "XYB"\nvalidity_months = 12\n'),
        ([(2, "assets.0.asset")],
         '[[assets]]\nasset = "XYB"\nstorage_cap = 5\nover_cap = "fund"\nover_to = "x"\n'),
        ([(1, "assets")], "refund_days = 7\n"),
        ([], '[[assets]]\nasset = "XYB"\nstorage_cap = 5\n'),
        ([], '[[assets]]\nasset = "XYB"\ncap_month = 5\n'),
    ],
)  # fmt: skip
def test_every_finding_has_its_line(expected: list[tuple[int, str]], text: str) -> None:
    """Unknown, out of bounds, contradictory, without limit: each is named where it stands."""
    assert expected == _findings(text)


def test_a_finding_says_what_to_do() -> None:
    """The bounds, or the parameter that was probably meant."""
    found = files.parsed(f"refund_day = 7\nreview_days = 0\n{SOUND}").findings
    assert ["refund_days" in found[0].reason, "1–366" in found[1].reason] == [True, True]


def test_every_parameter_has_its_sentence() -> None:
    """Nothing can be put in force that an organiser could not read aloud."""
    lists = {"assets", "rates"}
    assert {one.name for one in fields(Scheme)} - lists == set(PARAMETERS)
    assert {one.name for one in fields(AssetRules)} - {"asset"} == set(OF_ASSET)
    said = [name for _, chapter in explaining.CHAPTERS for name in chapter]
    assert sorted(said) == sorted(set(PARAMETERS) | lists)


@pytest.mark.parametrize("language", explaining.LANGUAGES)
@pytest.mark.parametrize("name", sorted(one.name for one in SCHEMES.glob("*.toml")))
def test_schemes_are_explained_in_full(name: str, language: str) -> None:
    """Each sentence is whole: no gap, no word of the program, and all values are said."""
    found = read(name)
    assert found.scheme is not None
    said = explaining.explained(found.scheme, found.names, language)
    every = [one for _, sentences in said for one in sentences]
    assert [] == [one for one in every if "{" in one or "None" in one or "_" in one]
    assert [] == [one for one in every if not one.endswith(("。", "."))]
    text = "".join(every)
    for one in found.scheme.assets:
        assert found.names[one.asset] in text
        for figure in (one.cap_day, one.cap_month, one.storage_cap, one.validity_months):
            assert figure is None or str(figure) in text
    for rate in found.scheme.rates:
        assert rate.category is None or found.names[rate.category] in text


def test_the_reference_is_the_programs_own() -> None:
    """docs/schemes.md holds the table of all parameters as `creditbank scheme reference` does."""
    document = Path(__file__).parents[2] / "docs" / "schemes.md"
    assert reference.tables() in document.read_text("utf-8")
